/** Options of the gradients of a depthwise convolution's weights, beside its sizes. */
import type { WeightGradientOptions } from '../../window/join-weights.js';
import type { DepthwiseParams } from '../geometry.js';

export interface DepthwiseBackwardWeightsParams extends DepthwiseParams, WeightGradientOptions {}
