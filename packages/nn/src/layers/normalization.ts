/**
 * Normalizes each channel (the last axis) by a mean and a variance that training does not change:
 *
 *   y = (x − mean) / √(variance + ε²)
 *
 * Keras has max(√variance, ε) below the line (keras/src/layers/preprocessing/normalization.py), ε = 1e-7: the same but
 * for a channel of a single value, whose y is 0 either way. Mean and variance are weights, so that files and exports
 * hold them; `channelMoments` tells those of images.
 */
import type { Shape, Tensor } from '../autograd/tensor.js';
import { batchNormInference } from '../operations/batch-norm.js';
import type { CallContext, Inference, LayerOptions, WeightSpec } from './definition.js';
import { first, Mismatch, single } from './expect.js';
import { Layer } from './layer.js';

export interface NormalizationOptions extends LayerOptions {
  /** One number, or one for each channel; 0 if absent. */
  readonly mean?: number | readonly number[];
  /** One number, or one for each channel; 1 if absent. */
  readonly variance?: number | readonly number[];
}

/** ε²: what is added to the variance. */
export const NORMALIZATION_EPSILON = 1e-14;

export class Normalization extends Layer<NormalizationOptions> {
  override readonly type = 'Normalization';

  constructor(options: NormalizationOptions = {}) {
    super(options);
    const { mean = 0, variance = 1 } = options;
    this.require([mean].flat().every(Number.isFinite), 'mean must be a number, or one for each channel');
    this.require(
      [variance].flat().every((value) => value >= 0 && Number.isFinite(value)),
      'variance must be a number of at least 0, or one for each channel',
    );
  }

  override infer(inputs: readonly Shape[]): Inference {
    const output = single(inputs);
    const channels = output.at(-1);
    if (channels === undefined) throw new Mismatch('at least one axis');
    const weight = (name: 'mean' | 'variance', otherwise: number): WeightSpec => {
      const values = [this.options[name] ?? otherwise].flat();
      if (values.length !== 1 && values.length !== channels)
        throw new Mismatch(`as many channels as ${name} has numbers, ${values.length}`);
      const initializer = Array.from({ length: channels }, (_, c) => values[c % values.length] as number);
      return { name, shape: [channels], initializer, trainable: false };
    };
    return { output, weights: [weight('mean', 0), weight('variance', 1)] };
  }

  override call({ tape, weight }: CallContext, inputs: readonly Tensor[]): Tensor {
    const operands = {
      x: first(inputs),
      gamma: undefined,
      beta: undefined,
      movingMean: weight('mean'),
      movingVariance: weight('variance'),
    };
    return tape.apply(batchNormInference, operands, { momentum: 1, epsilon: NORMALIZATION_EPSILON });
  }
}
