/**
 * If this failed, the gradients of a convolution's weights would differ from their reference, in some variant or size.
 */
import { checkKernel } from '../../testing/check.js';
import { useGpu } from '../../testing/device.js';
import { conv2dBackwardWeights } from './index.js';

checkKernel(useGpu(), conv2dBackwardWeights, { f16: ['x'] });
