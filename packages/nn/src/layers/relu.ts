/** A rectifier: relu, ReLU6 (`maxValue: 6`), leaky relu (`negativeSlope`). */
import type { Shape, Tensor } from '../autograd/tensor.js';
import { relu } from '../operations/relu.js';
import type { CallContext, Inference, LayerOptions } from './definition.js';
import { first, single } from './expect.js';
import { Layer } from './layer.js';

export interface ReLUOptions extends LayerOptions {
  /** The largest output; none if absent. */
  readonly maxValue?: number;
  /** Slope below zero; 0 if absent. */
  readonly negativeSlope?: number;
}

/** y = min(x, maxValue) for x > 0, else negativeSlope · x */
export class ReLU extends Layer<ReLUOptions> {
  override readonly type = 'ReLU';

  constructor(options: ReLUOptions = {}) {
    super(options);
    const { maxValue = 1, negativeSlope = 0 } = options;
    this.require(maxValue > 0, `maxValue must be positive, not ${maxValue}`);
    this.require(negativeSlope >= 0, `negativeSlope must not be negative, but is ${negativeSlope}`);
  }

  override infer(inputs: readonly Shape[]): Inference {
    return { output: single(inputs), weights: [] };
  }

  override call({ tape }: CallContext, inputs: readonly Tensor[]): Tensor {
    const { maxValue: cap, negativeSlope: slope = 0 } = this.options;
    return tape.apply(relu, { x: first(inputs) }, cap === undefined ? { slope } : { slope, cap });
  }
}
