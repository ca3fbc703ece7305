/**
 * Normalizes each channel (the last axis): by the batch in training, by moving averages afterwards. Frozen, it uses the
 * moving averages in training too, and leaves them as they are.
 */
import type { Shape, Tensor } from '../autograd/tensor.js';
import { batchNormInference, batchNormTraining } from '../operations/batch-norm.js';
import { type CallContext, type Inference, type LayerOptions, regularized, type WeightSpec } from './definition.js';
import { first, Mismatch, single } from './expect.js';
import type { Initializer } from './initializers.js';
import { Layer } from './layer.js';
import type { Regularizer } from './regularizers.js';

export interface BatchNormalizationOptions extends LayerOptions {
  /** Share of the old value in the moving averages; 0.99 if absent. */
  readonly momentum?: number;
  /** Added to the variance; 0.001 if absent. */
  readonly epsilon?: number;
  /** Whether β is added; true if absent. */
  readonly center?: boolean;
  /** Whether the result is multiplied by γ; true if absent. */
  readonly scale?: boolean;
  /** `zeros` if absent. */
  readonly betaInitializer?: Initializer;
  /** `ones` if absent. */
  readonly gammaInitializer?: Initializer;
  /** `zeros` if absent. */
  readonly movingMeanInitializer?: Initializer;
  /** `ones` if absent. */
  readonly movingVarianceInitializer?: Initializer;
  readonly betaRegularizer?: Regularizer;
  readonly gammaRegularizer?: Regularizer;
}

export class BatchNormalization extends Layer<BatchNormalizationOptions> {
  override readonly type = 'BatchNormalization';

  constructor(options: BatchNormalizationOptions = {}) {
    super(options);
    const { momentum = 0.99, epsilon = 1e-3 } = options;
    this.require(momentum >= 0 && momentum <= 1, 'momentum must lie in 0 … 1');
    this.require(epsilon > 0, 'epsilon must be positive');
    this.requireWeightOptions();
  }

  override infer(inputs: readonly Shape[]): Inference {
    const output = single(inputs);
    const channels = output.at(-1);
    if (channels === undefined) throw new Mismatch('at least one axis');
    const { center = true, scale = true, betaRegularizer, gammaRegularizer } = this.options;
    const { gammaInitializer = 'ones', betaInitializer = 'zeros' } = this.options;
    const { movingMeanInitializer = 'zeros', movingVarianceInitializer = 'ones' } = this.options;
    const weight = (name: string, initializer: Initializer, trainable: boolean): WeightSpec => ({
      name,
      shape: [channels],
      initializer,
      trainable,
    });
    return {
      output,
      weights: [
        ...(scale ? [regularized(weight('gamma', gammaInitializer, true), gammaRegularizer)] : []),
        ...(center ? [regularized(weight('beta', betaInitializer, true), betaRegularizer)] : []),
        weight('moving_mean', movingMeanInitializer, false),
        weight('moving_variance', movingVarianceInitializer, false),
      ],
    };
  }

  override call({ tape, training, weight }: CallContext, inputs: readonly Tensor[]): Tensor {
    const { momentum = 0.99, epsilon = 1e-3, center = true, scale = true } = this.options;
    const operands = {
      x: first(inputs),
      gamma: scale ? weight('gamma') : undefined,
      beta: center ? weight('beta') : undefined,
      movingMean: weight('moving_mean'),
      movingVariance: weight('moving_variance'),
    };
    const operation = training && this.trainable ? batchNormTraining : batchNormInference;
    return tape.apply(operation, operands, { momentum, epsilon });
  }
}
