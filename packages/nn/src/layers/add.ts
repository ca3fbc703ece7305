/** The sum of its inputs, element by element. */
import type { Shape, Tensor } from '../autograd/tensor.js';
import { add } from '../operations/add.js';
import type { CallContext, Inference, LayerOptions } from './definition.js';
import { Mismatch } from './expect.js';
import { Layer } from './layer.js';

export class Add extends Layer {
  override readonly type = 'Add';

  constructor(options: LayerOptions = {}) {
    super(options);
  }

  override infer(inputs: readonly Shape[]): Inference {
    const [output, ...others] = inputs;
    if (!output || others.length === 0 || others.some((shape) => shape.join() !== output.join()))
      throw new Mismatch('at least two inputs of one shape');
    return { output, weights: [] };
  }

  override call({ tape }: CallContext, inputs: readonly Tensor[]): Tensor {
    return inputs.reduce((a, b) => tape.apply(add, { a, b }, {}));
  }
}
