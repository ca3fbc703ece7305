import type { Tape } from '../autograd/tape.js';
import type { Shape, Tensor } from '../autograd/tensor.js';
import { relu, softmax } from '../operations/activation.js';
import { type CallContext, Layer, type LayerOptions } from './layer.js';

export type ActivationName = 'linear' | 'relu' | 'softmax';

/** @param logits whether a softmax is left out, because the loss contains it */
export function applyActivation(tape: Tape, x: Tensor, activation: ActivationName, logits: boolean): Tensor {
  if (activation === 'relu') return tape.apply(relu, { x }, {});
  if (activation === 'softmax' && !logits) return tape.apply(softmax, { x }, {});
  return x;
}

export interface ActivationOptions extends LayerOptions {
  readonly activation: ActivationName;
}

/** An activation as a layer of its own. */
export class Activation extends Layer {
  override readonly type = 'Activation';

  constructor(override readonly options: ActivationOptions) {
    super(options);
    this.require(['linear', 'relu', 'softmax'].includes(options.activation), `no activation "${options.activation}"`);
  }

  protected override infer(input: Shape): { output: Shape; weights: [] } {
    return { output: input, weights: [] };
  }

  override call(x: Tensor, { tape, logits }: CallContext): Tensor {
    return applyActivation(tape, x, this.options.activation, logits);
  }
}
