/** The largest element of each channel over a whole (height, width, channels) image. */
import { poolParams } from '@anke/kernels';
import type { Shape, Tensor } from '../autograd/tensor.js';
import { maxPool } from '../operations/max-pool.js';
import type { CallContext, Inference, LayerOptions } from './definition.js';
import { batchOf, first, image } from './expect.js';
import { Layer } from './layer.js';

export class GlobalMaxPooling2D extends Layer {
  override readonly type = 'GlobalMaxPooling2D';

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
    return tape.reshape(tape.apply(maxPool, { x }, params), [batch, channels]);
  }
}
