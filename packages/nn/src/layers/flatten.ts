import { type Shape, sizeOf, type Tensor } from '../autograd/tensor.js';
import { type CallContext, Layer, type LayerOptions } from './layer.js';

/** Lays a sample's elements in one row; nothing is computed. */
export class Flatten extends Layer {
  override readonly type = 'Flatten';

  constructor(options: LayerOptions = {}) {
    super(options);
  }

  protected override infer(input: Shape): { output: Shape; weights: [] } {
    return { output: [sizeOf(input)], weights: [] };
  }

  override call(x: Tensor, { tape }: CallContext): Tensor {
    return tape.reshape(x, [x.shape[0] as number, ...this.outputShape]);
  }
}
