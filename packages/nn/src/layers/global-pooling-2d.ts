/** What the layers share that pool whole (height, width, channels) images: each channel becomes one number. */
import { type PoolParams, poolParams } from '@anke/kernels';
import type { Tape } from '../autograd/tape.js';
import type { Shape, Tensor } from '../autograd/tensor.js';
import type { CallContext, Inference, LayerOptions } from './definition.js';
import { batchOf, first, image } from './expect.js';
import { Layer } from './layer.js';

export abstract class GlobalPooling2D extends Layer {
  constructor(options: LayerOptions = {}) {
    super(options);
  }

  override infer(inputs: readonly Shape[]): Inference {
    return { output: [image(inputs).channels], weights: [] };
  }

  override call({ tape }: CallContext, inputs: readonly Tensor[]): Tensor {
    const x = first(inputs);
    const { batch, height, width, channels } = batchOf(x);
    const params = poolParams({ batch, height, width, channels, pool: [height, width] });
    return tape.reshape(this.pool(tape, x, params), [batch, channels]);
  }

  /** Makes one number of each window, which is the whole image. */
  protected abstract pool(tape: Tape, x: Tensor, params: PoolParams): Tensor;
}
