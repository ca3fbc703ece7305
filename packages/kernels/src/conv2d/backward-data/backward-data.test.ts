/** If this failed, the gradient of a convolution's input would differ from its reference, in some variant or size. */
import { checkKernel } from '../../testing/check.js';
import { useGpu } from '../../testing/device.js';
import { conv2dBackwardData } from './index.js';

checkKernel(useGpu(), conv2dBackwardData, { f16: ['x'] });
