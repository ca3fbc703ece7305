/** Gives a sample another shape, with the same elements in the same order; nothing is computed. */
import { formatShape, type Shape, sizeOf, type Tensor } from '../autograd/tensor.js';
import type { CallContext, Inference, LayerOptions } from './definition.js';
import { first, Mismatch, positiveInteger, single } from './expect.js';
import { Layer } from './layer.js';

export interface ReshapeOptions extends LayerOptions {
  /** The shape of one sample; one side may be −1, which is then told by the number of elements. */
  readonly targetShape: Shape;
}

export class Reshape extends Layer<ReshapeOptions> {
  override readonly type = 'Reshape';

  constructor(options: ReshapeOptions) {
    super(options);
    const { targetShape } = options;
    const given = targetShape.filter((side) => side !== -1);
    this.require(
      targetShape.length > 0 && given.every(positiveInteger) && targetShape.length - given.length <= 1,
      `targetShape must hold positive integers, and -1 once at most, not ${formatShape(targetShape)}`,
    );
  }

  override infer(inputs: readonly Shape[]): Inference {
    const size = sizeOf(single(inputs));
    const { targetShape } = this.options;
    const given = sizeOf(targetShape.filter((side) => side !== -1));
    const output = targetShape.map((side) => (side === -1 ? size / given : side));
    if (sizeOf(output) !== size || !output.every(Number.isInteger))
      throw new Mismatch(`as many elements as ${formatShape(targetShape)} can hold`);
    return { output, weights: [] };
  }

  override call({ tape }: CallContext, inputs: readonly Tensor[]): Tensor {
    const x = first(inputs);
    const [batch = 1, ...shape] = x.shape;
    return tape.reshape(x, [batch, ...this.infer([shape]).output]);
  }
}
