/** A Gaussian error linear unit: y = x · Φ(x), Φ being the normal distribution. Keras has it as an activation only. */
import type { Shape, Tensor } from '../autograd/tensor.js';
import { activate } from '../operations/activate.js';
import type { CallContext, Inference, LayerOptions } from './definition.js';
import { first, single } from './expect.js';
import { Layer } from './layer.js';

export interface GELUOptions extends LayerOptions {
  /** Whether y = x · ½ · (1 + tanh(√(2/π) · (x + 0.044715 · x³))) stands in for it; false if absent. */
  readonly approximate?: boolean;
}

export class GELU extends Layer<GELUOptions> {
  override readonly type = 'GELU';

  constructor(options: GELUOptions = {}) {
    super(options);
  }

  override infer(inputs: readonly Shape[]): Inference {
    return { output: single(inputs), weights: [] };
  }

  override call({ tape }: CallContext, inputs: readonly Tensor[]): Tensor {
    return tape.apply(activate, { x: first(inputs) }, { type: this.options.approximate ? 'geluTanh' : 'gelu' });
  }
}
