/** What the gradients of a depthwise convolution's weights are asked for, beyond the sizes. */
import type { WeightGradientOptions } from '../../window/join-weights.js';
import type { DepthwiseParams } from '../geometry.js';

export interface DepthwiseBackwardWeightsParams extends DepthwiseParams, WeightGradientOptions {}
