/** The mean of its inputs, element by element. */
import type { Shape, Tensor } from '../autograd/tensor.js';
import { add } from '../operations/add.js';
import { affine } from '../operations/affine.js';
import type { CallContext, Inference, LayerOptions } from './definition.js';
import { Layer } from './layer.js';
import { alike } from './merge.js';

export class Average extends Layer {
  override readonly type = 'Average';

  constructor(options: LayerOptions = {}) {
    super(options);
  }

  override infer(inputs: readonly Shape[]): Inference {
    return { output: alike(inputs), weights: [] };
  }

  override call({ tape }: CallContext, inputs: readonly Tensor[]): Tensor {
    const x = inputs.reduce((a, b) => tape.apply(add, { a, b }, {}));
    return tape.apply(affine, { x }, { factor: 1 / inputs.length, offset: 0 });
  }
}
