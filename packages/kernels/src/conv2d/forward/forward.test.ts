/** If this failed, convolution would differ from its reference, in some variant, size or epilogue. */
import { checkKernel } from '../../testing/check.js';
import { useGpu } from '../../testing/device.js';
import { conv2dForward } from './index.js';

checkKernel(useGpu(), conv2dForward, { f16: ['x', 'y'] });
