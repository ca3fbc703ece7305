/**
 * Images of other sizes, in TensorFlow.js. Its own layer, Resizing, lays the corner pixels over each other instead of
 * the images' edges, so that its pixels are others than Keras's. But a resampling is a product with a constant matrix
 * along each axis, which a Dense without bias does, once that axis is the last one.
 */
import type { ResizingOptions } from '@anke/nn';
import { resamplingMatrix } from '../resampling.js';
import type { TensorFlowLayer, TensorFlowSource } from './source.js';

export function resampling({ options, inputShape }: TensorFlowSource<ResizingOptions>): TensorFlowLayer[] {
  const { height, width, interpolation = 'bilinear' } = options;
  const [inHeight = 1, inWidth = 1] = inputShape;
  const along = (suffix: string, size: number, units: number): TensorFlowLayer => ({
    className: 'Dense',
    suffix,
    config: { units, activation: 'linear', use_bias: false, trainable: false },
    constants: { kernel: { shape: [size, units], values: resamplingMatrix(size, units, interpolation) } },
  });
  const permuted = (suffix: string, dims: readonly number[]): TensorFlowLayer => ({
    className: 'Permute',
    suffix,
    config: { dims },
  });
  return [
    permuted('width_last', [3, 1, 2]),
    along('columns', inWidth, width),
    permuted('height_last', [1, 3, 2]),
    along('rows', inHeight, height),
    permuted('channels_last', [3, 2, 1]),
  ];
}
