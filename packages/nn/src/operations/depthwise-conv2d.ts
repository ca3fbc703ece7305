/** Convolution of each channel by itself: y = x ∗ w + bias, over NHWC images; the bias is optional. */
import { type DepthwiseParams, depthwiseBackwardData, depthwiseBackwardWeights, depthwiseForward } from '@anke/kernels';
import { defineProduct } from './product.js';

export const depthwiseConv2d = defineProduct<DepthwiseParams>({
  name: 'depthwiseConv2d',
  forward: depthwiseForward,
  backwardData: depthwiseBackwardData,
  backwardWeights: depthwiseBackwardWeights,
  outputShape: ({ batch, outHeight, outWidth, channels, multiplier }) => [
    batch,
    outHeight,
    outWidth,
    channels * multiplier,
  ],
});
