/**
 * The product of its inputs, element by element. One of them may have 1 along neighbouring axes where the others have
 * more, or lack the first axes: factors for channels, (1, 1, channels) or (channels,), or for pixels,
 * (height, width, 1), are repeated.
 */
import type { Shape, Tensor } from '../autograd/tensor.js';
import { multiply } from '../operations/multiply.js';
import type { CallContext, Inference, LayerOptions } from './definition.js';
import { Mismatch } from './expect.js';
import { Layer } from './layer.js';
import { repetition } from './merge.js';

export class Multiply extends Layer {
  override readonly type = 'Multiply';

  constructor(options: LayerOptions = {}) {
    super(options);
  }

  override infer(inputs: readonly Shape[]): Inference {
    if (inputs.length < 2) throw new Mismatch('at least two inputs');
    const output = inputs.reduce((a, b) => {
      const larger = repetition(a, b) ? a : repetition(b, a) && b;
      if (!larger) throw new Mismatch('inputs of one shape, or with 1 in neighbouring axes where another has more');
      return larger;
    });
    return { output, weights: [] };
  }

  override call({ tape }: CallContext, inputs: readonly Tensor[]): Tensor {
    return inputs.reduce((first, second) => {
      const [[batch = 1, ...shape], [, ...other]] = [first.shape, second.shape];
      const repeated = repetition(shape, other);
      const { outer, length, inner } = (repeated ?? repetition(other, shape)) as NonNullable<typeof repeated>;
      const [a, b] = repeated ? [first, second] : [second, first];
      return tape.apply(multiply, { a, b }, { outer: batch * outer, length, inner });
    });
  }
}
