/** What the pooling layers share: windows that move over (height, width, channels) images, each channel by itself. */
import { type Padding, type PoolParams, poolParams } from '@anke/kernels';
import type { Shape, Tensor } from '../autograd/tensor.js';
import type { Inference, LayerOptions } from './definition.js';
import { batchOf, fitting, type ImageShape, image, type Pair, pair, positiveInteger } from './expect.js';
import { Layer } from './layer.js';

export interface Pooling2DOptions extends LayerOptions {
  /** 2 if absent. */
  readonly poolSize?: Pair;
  /** The pool size, if absent. */
  readonly strides?: Pair;
  /** `valid` if absent. What `same` adds at the border takes no part in a maximum or mean. */
  readonly padding?: Padding;
}

export abstract class Pooling2D extends Layer<Pooling2DOptions> {
  /**
   * To be called by constructors.
   *
   * @throws ModelError if an option is out of range
   */
  protected requirePooling(): void {
    const { poolSize = 2, strides = 1 } = this.options;
    const numbers = [...pair(poolSize), ...pair(strides)];
    this.require(numbers.every(positiveInteger), 'poolSize and strides must be positive integers');
  }

  override infer(inputs: readonly Shape[]): Inference {
    const input = image(inputs);
    const pool = pair(this.options.poolSize ?? 2);
    const { outHeight, outWidth } = fitting(pool, () => this.#params({ ...input, batch: 1 }));
    return { output: [outHeight, outWidth, input.channels], weights: [] };
  }

  /** The kernels' parameters for a batch of images. */
  protected params(x: Tensor): PoolParams {
    return this.#params(batchOf(x));
  }

  #params(input: ImageShape & { readonly batch: number }): PoolParams {
    const { poolSize = 2, strides = poolSize, padding = 'valid' } = this.options;
    return poolParams({ ...input, pool: pair(poolSize), stride: pair(strides), padding });
  }
}
