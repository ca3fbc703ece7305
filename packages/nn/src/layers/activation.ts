/** Activations, as a layer of their own or as the end of another layer. */
import type { Activation as KernelActivation, Rectifier } from '@anke/kernels';
import { quoted } from '@anke/messages';
import type { Tape } from '../autograd/tape.js';
import type { Shape, Tensor } from '../autograd/tensor.js';
import type { ContainedActivation } from '../losses/loss.js';
import { activate } from '../operations/activate.js';
import { relu } from '../operations/relu.js';
import { softmax } from '../operations/softmax.js';
import type { CallContext, Inference, LayerOptions } from './definition.js';
import { first, single } from './expect.js';
import { Layer } from './layer.js';

export const ACTIVATIONS = [
  'linear',
  'relu',
  'relu6',
  'leakyRelu',
  'elu',
  'gelu',
  'sigmoid',
  'silu',
  'swish',
  'softplus',
  'tanh',
  'softmax',
] as const;
export type ActivationName = (typeof ACTIVATIONS)[number];

type Apply = (context: ActivationContext, x: Tensor) => Tensor;

const rectified =
  (rectifier: Rectifier): Apply =>
  ({ tape }, x) =>
    tape.apply(relu, { x }, rectifier);
const smooth =
  (activation: KernelActivation): Apply =>
  ({ tape }, x) =>
    tape.apply(activate, { x }, activation);

/** Keras's functions of these names, with the numbers that they have by default: keras/src/activations. */
const FUNCTIONS = {
  linear: (_, x) => x,
  relu: rectified({ slope: 0 }),
  relu6: rectified({ slope: 0, cap: 6 }),
  leakyRelu: rectified({ slope: 0.2 }),
  elu: smooth({ type: 'elu', alpha: 1 }),
  gelu: smooth({ type: 'gelu' }),
  sigmoid: smooth({ type: 'sigmoid' }),
  silu: smooth({ type: 'silu' }),
  swish: smooth({ type: 'silu' }),
  softplus: smooth({ type: 'softplus' }),
  tanh: smooth({ type: 'tanh' }),
  softmax: ({ tape }, x) => tape.apply(softmax, { x }, {}),
} as const satisfies Readonly<Record<ActivationName, Apply>>;

/** Applies an activation; one that the loss contains is left out. */
export const applyActivation = (context: ActivationContext, x: Tensor, activation: ActivationName): Tensor =>
  activation === context.contained ? x : FUNCTIONS[activation](context, x);

interface ActivationContext {
  readonly tape: Tape;
  readonly contained: ContainedActivation | undefined;
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
