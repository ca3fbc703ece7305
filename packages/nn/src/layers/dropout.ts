/** Drops elements at random while training, and scales the others so that the expected sum stays. */
import type { Shape, Tensor } from '../autograd/tensor.js';
import { dropout } from '../operations/dropout.js';
import type { CallContext, Inference, LayerOptions } from './definition.js';
import { first, single } from './expect.js';
import { Layer } from './layer.js';

export interface DropoutOptions extends LayerOptions {
  /** Share of the elements that are dropped in training. */
  readonly rate: number;
}

export class Dropout extends Layer<DropoutOptions> {
  override readonly type = 'Dropout';

  constructor(options: DropoutOptions) {
    super(options);
    this.require(options.rate >= 0 && options.rate < 1, `rate must lie in 0 … 1 (without 1), not ${options.rate}`);
  }

  override infer(inputs: readonly Shape[]): Inference {
    return { output: single(inputs), weights: [] };
  }

  override call({ tape, training, counters, index }: CallContext, inputs: readonly Tensor[]): Tensor {
    const x = first(inputs);
    const { rate } = this.options;
    return training && rate > 0 ? tape.apply(dropout, { x }, { rate, layer: index, counters }) : x;
  }
}
