/** If this failed, the gradients of a depthwise convolution's weights would differ from their reference. */
import { checkKernel } from '../../testing/check.js';
import { useGpu } from '../../testing/device.js';
import { depthwiseBackwardWeights } from './index.js';

checkKernel(useGpu(), depthwiseBackwardWeights, { f16: ['x'] });
