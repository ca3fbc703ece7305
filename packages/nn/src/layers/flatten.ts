/** Lays a sample's elements in one row; nothing is computed. */
import { type Shape, sizeOf, type Tensor } from '../autograd/tensor.js';
import type { CallContext, Inference, LayerOptions } from './definition.js';
import { first, single } from './expect.js';
import { Layer } from './layer.js';

export class Flatten extends Layer {
  override readonly type = 'Flatten';

  constructor(options: LayerOptions = {}) {
    super(options);
  }

  override infer(inputs: readonly Shape[]): Inference {
    return { output: [sizeOf(single(inputs))], weights: [] };
  }

  override call({ tape }: CallContext, inputs: readonly Tensor[]): Tensor {
    const x = first(inputs);
    const [batch = 1, ...shape] = x.shape;
    return tape.reshape(x, [batch, sizeOf(shape)]);
  }
}
