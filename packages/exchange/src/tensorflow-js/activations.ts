/**
 * What becomes of activations in TensorFlow.js: the name that a layer with weights gives its own, or layers of their
 * own, which follow it.
 */
import type { ActivationName } from '@anke/nn';
import { ExchangeError } from '../errors.js';
import type { TensorFlowLayer } from './source.js';

/** Names of TensorFlow.js's own; undefined where it has none. */
const NAMES: Readonly<Record<ActivationName, string | undefined>> = {
  linear: 'linear',
  relu: 'relu',
  relu6: 'relu6',
  leakyRelu: undefined,
  elu: 'elu',
  gelu: 'gelu',
  sigmoid: 'sigmoid',
  silu: 'swish',
  swish: 'swish',
  softplus: 'softplus',
  tanh: 'tanh',
  softmax: 'softmax',
};

export const leaky = (slope: number): TensorFlowLayer => ({ className: 'LeakyReLU', config: { alpha: slope } });

export function elu(layer: string, alpha: number): TensorFlowLayer {
  if (alpha === 1) return { className: 'ELU', config: { alpha } };
  throw new ExchangeError(
    `layer "${layer}" (ELU) has alpha ${alpha}, but TensorFlow.js takes no other than 1: export the model as ONNX`,
  );
}

/** TensorFlow.js has the approximate one as `gelu_new`, but turns that into `geluNew`, which it does not know. */
export function gelu(layer: string, approximate: boolean): TensorFlowLayer {
  if (!approximate) return activationLayer('gelu');
  throw new ExchangeError(
    `layer "${layer}" (GELU) is approximate, which TensorFlow.js cannot read: ` +
      'leave it out, or export the model as ONNX',
  );
}

/** A layer that applies an activation; leakyRelu is the only one that has no name of its own. */
export function activationLayer(activation: ActivationName): TensorFlowLayer {
  const name = NAMES[activation];
  return name === undefined ? leaky(0.2) : { className: 'Activation', config: { activation: name } };
}

/** A layer with weights and an activation: one layer, or two where its own option cannot say it. */
export function withActivation(layer: TensorFlowLayer, activation: ActivationName = 'linear'): TensorFlowLayer[] {
  const name = NAMES[activation];
  const own = { ...layer, config: { ...layer.config, activation: name ?? 'linear' } };
  return name === undefined ? [own, { ...activationLayer(activation), suffix: 'activation' }] : [own];
}
