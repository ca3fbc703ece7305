/** y = x ∗ w + bias, over NHWC images; the bias is optional. */
import { type Conv2dParams, conv2dBackwardData, conv2dBackwardWeights, conv2dForward } from '@anke/kernels';
import { defineProduct } from './product.js';

export const conv2d = defineProduct<Conv2dParams>({
  name: 'conv2d',
  forward: conv2dForward,
  backwardData: conv2dBackwardData,
  backwardWeights: conv2dBackwardWeights,
  outputShape: ({ batch, outHeight, outWidth, outChannels }) => [batch, outHeight, outWidth, outChannels],
});
