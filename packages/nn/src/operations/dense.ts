/** y = x · w + bias; the bias is optional. */
import { type DenseParams, denseBackwardData, denseBackwardWeights, denseForward } from '@anke/kernels';
import { defineProduct } from './product.js';

export const dense = defineProduct<DenseParams>({
  name: 'dense',
  forward: denseForward,
  backwardData: denseBackwardData,
  backwardWeights: denseBackwardWeights,
  outputShape: ({ batch, outFeatures }) => [batch, outFeatures],
});
