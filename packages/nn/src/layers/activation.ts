/** Activations, as a layer of their own or as the end of another layer. */

import { quoted } from '@anke/messages';
import type { Tape } from '../autograd/tape.js';
import type { Shape, Tensor } from '../autograd/tensor.js';
import { relu } from '../operations/relu.js';
import { softmax } from '../operations/softmax.js';
import type { CallContext, Inference, LayerOptions } from './definition.js';
import { first, single } from './expect.js';
import { Layer } from './layer.js';

export const ACTIVATIONS = ['linear', 'relu', 'softmax'] as const;
export type ActivationName = (typeof ACTIVATIONS)[number];

/** Applies an activation; a softmax is left out where the loss contains it. */
export function applyActivation({ tape, logits }: ActivationContext, x: Tensor, activation: ActivationName): Tensor {
  if (activation === 'relu') return tape.apply(relu, { x }, { slope: 0 });
  if (activation === 'softmax' && !logits) return tape.apply(softmax, { x }, {});
  return x;
}

interface ActivationContext {
  readonly tape: Tape;
  readonly logits: boolean;
}

export interface ActivationOptions extends LayerOptions {
  readonly activation: ActivationName;
}

export class Activation extends Layer<ActivationOptions> {
  override readonly type = 'Activation';

  constructor(options: ActivationOptions) {
    super(options);
    this.require(ACTIVATIONS.includes(options.activation), `no activation ${quoted(options.activation)}`);
  }

  override infer(inputs: readonly Shape[]): Inference {
    return { output: single(inputs), weights: [] };
  }

  override call(context: CallContext, inputs: readonly Tensor[]): Tensor {
    return applyActivation(context, first(inputs), this.options.activation);
  }
}
