/** A rectifier that lets a part of what is negative through: y = x for x > 0, else negativeSlope · x */
import type { Shape, Tensor } from '../autograd/tensor.js';
import { relu } from '../operations/relu.js';
import type { CallContext, Inference, LayerOptions } from './definition.js';
import { first, single } from './expect.js';
import { Layer } from './layer.js';

export interface LeakyReLUOptions extends LayerOptions {
  /** Slope below zero; 0.3 if absent. */
  readonly negativeSlope?: number;
}

export class LeakyReLU extends Layer<LeakyReLUOptions> {
  override readonly type = 'LeakyReLU';

  constructor(options: LeakyReLUOptions = {}) {
    super(options);
    const { negativeSlope = 0.3 } = options;
    this.require(negativeSlope >= 0, `negativeSlope must not be negative, but is ${negativeSlope}`);
  }

  override infer(inputs: readonly Shape[]): Inference {
    return { output: single(inputs), weights: [] };
  }

  override call({ tape }: CallContext, inputs: readonly Tensor[]): Tensor {
    return tape.apply(relu, { x: first(inputs) }, { slope: this.options.negativeSlope ?? 0.3 });
  }
}
