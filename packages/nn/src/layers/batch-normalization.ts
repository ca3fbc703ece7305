/**
 * Normalizes each channel (the last axis): by the batch in training, by moving averages afterwards. Frozen, it uses the
 * moving averages in training too, and leaves them as they are.
 */
import type { Shape, Tensor } from '../autograd/tensor.js';
import { batchNormInference, batchNormTraining } from '../operations/batch-norm.js';
import type { CallContext, Inference, LayerOptions } from './definition.js';
import { first, Mismatch, single } from './expect.js';
import { Layer } from './layer.js';

export interface BatchNormalizationOptions extends LayerOptions {
  /** Share of the old value in the moving averages; 0.99 if absent. */
  readonly momentum?: number;
  /** Added to the variance; 0.001 if absent. */
  readonly epsilon?: number;
}

export class BatchNormalization extends Layer<BatchNormalizationOptions> {
  override readonly type = 'BatchNormalization';

  constructor(options: BatchNormalizationOptions = {}) {
    super(options);
    const { momentum = 0.99, epsilon = 1e-3 } = options;
    this.require(momentum >= 0 && momentum <= 1, 'momentum must lie in 0 … 1');
    this.require(epsilon > 0, 'epsilon must be positive');
  }

  override infer(inputs: readonly Shape[]): Inference {
    const output = single(inputs);
    const channels = output.at(-1);
    if (channels === undefined) throw new Mismatch('at least one axis');
    const shape = [channels];
    return {
      output,
      weights: [
        { name: 'gamma', shape, initializer: 'ones', trainable: true },
        { name: 'beta', shape, initializer: 'zeros', trainable: true },
        { name: 'moving_mean', shape, initializer: 'zeros', trainable: false },
        { name: 'moving_variance', shape, initializer: 'ones', trainable: false },
      ],
    };
  }

  override call({ tape, training, weight }: CallContext, inputs: readonly Tensor[]): Tensor {
    const { momentum = 0.99, epsilon = 1e-3 } = this.options;
    const operands = {
      x: first(inputs),
      gamma: weight('gamma'),
      beta: weight('beta'),
      movingMean: weight('moving_mean'),
      movingVariance: weight('moving_variance'),
    };
    const operation = training && this.trainable ? batchNormTraining : batchNormInference;
    return tape.apply(operation, operands, { momentum, epsilon });
  }
}
