import { KernelError, type MaxPoolParams, maxPoolParams, type Padding } from '@anke/kernels';
import type { Shape, Tensor } from '../autograd/tensor.js';
import { maxPool } from '../operations/maxpool.js';
import { type CallContext, Layer, type LayerOptions, type Pair, pair, positiveInteger } from './layer.js';

export interface MaxPooling2DOptions extends LayerOptions {
  readonly poolSize?: Pair;
  /** The pool size, if absent. */
  readonly strides?: Pair;
  readonly padding?: Padding;
}

/** The largest element under each window of (h, w, channels) images. */
export class MaxPooling2D extends Layer {
  override readonly type = 'MaxPooling2D';

  constructor(override readonly options: MaxPooling2DOptions = {}) {
    super(options);
    const numbers = [...pair(options.poolSize ?? 2), ...pair(options.strides ?? 1)];
    this.require(numbers.every(positiveInteger), 'poolSize and strides must be positive integers');
  }

  protected override infer(input: Shape): { output: Shape; weights: [] } {
    const { outHeight, outWidth, channels } = this.params(input, 1);
    return { output: [outHeight, outWidth, channels], weights: [] };
  }

  override call(x: Tensor, { tape }: CallContext): Tensor {
    return tape.apply(maxPool, { x }, this.params(this.inputShape, x.shape[0] as number));
  }

  /** @throws ShapeError if the input is no image or is smaller than the window */
  params(input: Shape, batch: number): MaxPoolParams {
    const [height, width, channels] = input;
    if (height === undefined || width === undefined || channels === undefined || input.length !== 3) {
      throw this.wants('images of shape (height, width, channels)', input);
    }
    const pool = pair(this.options.poolSize ?? 2);
    const stride = pair(this.options.strides ?? pool);
    const { padding = 'valid' } = this.options;
    try {
      return maxPoolParams({ batch, height, width, channels, pool, stride, padding });
    } catch (error) {
      if (error instanceof KernelError) throw this.wants(`images of at least ${pool[0]} × ${pool[1]} pixels`, input);
      throw error;
    }
  }
}
