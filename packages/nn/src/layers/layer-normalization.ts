/**
 * Normalizes the last axis of each sample by its own mean and variance, with a scale and a shift for each channel. It
 * does the same in training and in inference.
 */
import type { Shape, Tensor } from '../autograd/tensor.js';
import { layerNorm } from '../operations/layer-norm.js';
import { type CallContext, type Inference, type LayerOptions, regularized, type WeightSpec } from './definition.js';
import { first, single } from './expect.js';
import type { Initializer } from './initializers.js';
import { Layer } from './layer.js';
import type { Regularizer } from './regularizers.js';

export interface LayerNormalizationOptions extends LayerOptions {
  /** Added to the variance; 1e-3 if absent. */
  readonly epsilon?: number;
  /** Whether beta is added; true if absent. */
  readonly center?: boolean;
  /** Whether gamma scales what is normalized; true if absent. */
  readonly scale?: boolean;
  /** `zeros` if absent. */
  readonly betaInitializer?: Initializer;
  /** `ones` if absent. */
  readonly gammaInitializer?: Initializer;
  readonly betaRegularizer?: Regularizer;
  readonly gammaRegularizer?: Regularizer;
}

export class LayerNormalization extends Layer<LayerNormalizationOptions> {
  override readonly type = 'LayerNormalization';

  constructor(options: LayerNormalizationOptions = {}) {
    super(options);
    const { epsilon = 1e-3 } = options;
    this.require(epsilon > 0, `epsilon must be positive, not ${epsilon}`);
    this.requireWeightOptions();
  }

  override infer(inputs: readonly Shape[]): Inference {
    const output = single(inputs);
    const { center = true, scale = true, betaRegularizer, gammaRegularizer } = this.options;
    const { gammaInitializer = 'ones', betaInitializer = 'zeros' } = this.options;
    const shape = [output.at(-1) ?? 1];
    const gamma: WeightSpec = { name: 'gamma', shape, initializer: gammaInitializer, trainable: true };
    const beta: WeightSpec = { name: 'beta', shape, initializer: betaInitializer, trainable: true };
    return {
      output,
      weights: [
        ...(scale ? [regularized(gamma, gammaRegularizer)] : []),
        ...(center ? [regularized(beta, betaRegularizer)] : []),
      ],
    };
  }

  override call({ tape, weight }: CallContext, inputs: readonly Tensor[]): Tensor {
    const { epsilon = 1e-3, center = true, scale = true } = this.options;
    const gamma = scale ? weight('gamma') : undefined;
    const beta = center ? weight('beta') : undefined;
    return tape.apply(layerNorm, { x: first(inputs), gamma, beta }, { epsilon });
  }
}
