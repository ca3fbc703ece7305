/** If this failed, the gradient of a depthwise convolution's input would differ from its reference. */
import { checkKernel } from '../../testing/check.js';
import { useGpu } from '../../testing/device.js';
import { depthwiseBackwardData } from './index.js';

checkKernel(useGpu(), depthwiseBackwardData, { f16: ['x'] });
