/** Joins its inputs along the last axis: the channels of images. */
import type { Shape, Tensor } from '../autograd/tensor.js';
import { concatenate } from '../operations/concatenate.js';
import type { CallContext, Inference, LayerOptions } from './definition.js';
import { Mismatch } from './expect.js';
import { Layer } from './layer.js';

export class Concatenate extends Layer {
  override readonly type = 'Concatenate';

  constructor(options: LayerOptions = {}) {
    super(options);
  }

  override infer(inputs: readonly Shape[]): Inference {
    const [first, ...others] = inputs;
    const rows = first?.slice(0, -1);
    if (
      !rows ||
      others.length === 0 ||
      !inputs.every((shape) => shape.length > 0 && shape.slice(0, -1).join() === rows.join())
    )
      throw new Mismatch('at least two inputs that differ in their last axis only');
    return { output: [...rows, inputs.reduce((sum, shape) => sum + (shape.at(-1) ?? 0), 0)], weights: [] };
  }

  override call({ tape }: CallContext, inputs: readonly Tensor[]): Tensor {
    return inputs.reduce((a, b) => tape.apply(concatenate, { a, b }, {}));
  }
}
