import type { Shape, Tensor } from '../autograd/tensor.js';
import {
  type BatchNormAttributes,
  batchNormInference,
  batchNormPoolInference,
  batchNormPoolTraining,
  batchNormTraining,
} from '../operations/batchnorm.js';
import { type CallContext, Layer, type LayerOptions, type WeightSpec } from './layer.js';
import { MaxPooling2D } from './max-pooling-2d.js';

export interface BatchNormalizationOptions extends LayerOptions {
  /** Share of the old value in the moving averages. */
  readonly momentum?: number;
  readonly epsilon?: number;
}

/** Normalizes each channel (the last axis): by the batch in training, by moving averages afterwards. */
export class BatchNormalization extends Layer {
  override readonly type = 'BatchNormalization';

  constructor(override readonly options: BatchNormalizationOptions = {}) {
    super(options);
    const { momentum = 0.99, epsilon = 1e-3 } = options;
    this.require(momentum >= 0 && momentum <= 1, 'momentum must lie in 0 … 1');
    this.require(epsilon > 0, 'epsilon must be positive');
  }

  protected override infer(input: Shape): { output: Shape; weights: WeightSpec[] } {
    const channels = input.at(-1);
    if (channels === undefined) throw this.wants('at least one axis', input);
    const shape = [channels];
    return {
      output: input,
      weights: [
        { name: 'gamma', shape, initializer: 'ones', trainable: true },
        { name: 'beta', shape, initializer: 'zeros', trainable: true },
        { name: 'moving_mean', shape, initializer: 'zeros', trainable: false },
        { name: 'moving_variance', shape, initializer: 'ones', trainable: false },
      ],
    };
  }

  override call(x: Tensor, context: CallContext): Tensor {
    const operation = context.training ? batchNormTraining : batchNormInference;
    return context.tape.apply(operation, this.#inputs(x, context), this.#attributes);
  }

  override callWith(x: Tensor, context: CallContext, next: Layer): Tensor | undefined {
    if (!(next instanceof MaxPooling2D)) return undefined;
    const operation = context.training ? batchNormPoolTraining : batchNormPoolInference;
    const pool = next.params(next.inputShape, x.shape[0] as number);
    return context.tape.apply(operation, this.#inputs(x, context), { ...this.#attributes, pool });
  }

  get #attributes(): BatchNormAttributes {
    const { momentum = 0.99, epsilon = 1e-3 } = this.options;
    return { momentum, epsilon };
  }

  #inputs(x: Tensor, { weight }: CallContext) {
    return {
      x,
      gamma: weight('gamma'),
      beta: weight('beta'),
      movingMean: weight('moving_mean'),
      movingVariance: weight('moving_variance'),
    };
  }
}
