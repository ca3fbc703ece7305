/** The sum of its inputs, element by element. */
import type { Shape, Tensor } from '../autograd/tensor.js';
import { add } from '../operations/add.js';
import type { CallContext, Inference, LayerOptions } from './definition.js';
import { Layer } from './layer.js';
import { alike } from './merge.js';

export class Add extends Layer {
  override readonly type = 'Add';

  constructor(options: LayerOptions = {}) {
    super(options);
  }

  override infer(inputs: readonly Shape[]): Inference {
    return { output: alike(inputs), weights: [] };
  }

  override call({ tape }: CallContext, inputs: readonly Tensor[]): Tensor {
    return inputs.reduce((a, b) => tape.apply(add, { a, b }, {}));
  }
}
