/** If this failed, depthwise convolution would differ from its reference, in some variant, size or epilogue. */
import { checkKernel } from '../../testing/check.js';
import { useGpu } from '../../testing/device.js';
import { depthwiseForward } from './index.js';

checkKernel(useGpu(), depthwiseForward, { f16: ['x', 'y'] });
