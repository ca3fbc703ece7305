import type { Shape, Tensor } from '../autograd/tensor.js';
import { type DropoutAttributes, dropout } from '../operations/dropout.js';
import { type CallContext, Layer, type LayerOptions } from './layer.js';

export interface DropoutOptions extends LayerOptions {
  /** Share of the elements that are dropped in training. */
  readonly rate: number;
}

/** Drops elements at random while training, and scales the others so that the expected sum stays. */
export class Dropout extends Layer {
  override readonly type = 'Dropout';

  constructor(override readonly options: DropoutOptions) {
    super(options);
    this.require(options.rate >= 0 && options.rate < 1, `rate must lie in 0 … 1 (without 1), not ${options.rate}`);
  }

  protected override infer(input: Shape): { output: Shape; weights: [] } {
    return { output: input, weights: [] };
  }

  override call(x: Tensor, context: CallContext): Tensor {
    const attributes = this.attributes(context);
    return attributes ? context.tape.apply(dropout, { x }, attributes) : x;
  }

  /** What the operation needs; undefined if nothing is to be dropped. */
  attributes({ training, seed, index, step }: CallContext): DropoutAttributes | undefined {
    const { rate } = this.options;
    return training && rate > 0 ? { rate, seed, layer: index, step } : undefined;
  }
}
