/** An exponential linear unit: y = x for x > 0, else alpha · (exp(x) − 1) */
import type { Shape, Tensor } from '../autograd/tensor.js';
import { activate } from '../operations/activate.js';
import type { CallContext, Inference, LayerOptions } from './definition.js';
import { first, single } from './expect.js';
import { Layer } from './layer.js';

export interface ELUOptions extends LayerOptions {
  /** What −y comes to for x far below zero; 1 if absent. */
  readonly alpha?: number;
}

export class ELU extends Layer<ELUOptions> {
  override readonly type = 'ELU';

  constructor(options: ELUOptions = {}) {
    super(options);
    const { alpha = 1 } = options;
    this.require(Number.isFinite(alpha), `alpha must be a number, not ${alpha}`);
  }

  override infer(inputs: readonly Shape[]): Inference {
    return { output: single(inputs), weights: [] };
  }

  override call({ tape }: CallContext, inputs: readonly Tensor[]): Tensor {
    return tape.apply(activate, { x: first(inputs) }, { type: 'elu', alpha: this.options.alpha ?? 1 });
  }
}
