import type { Shape, Tensor } from '../autograd/tensor.js';
import { dense } from '../operations/dense.js';
import type { DropoutAttributes } from '../operations/dropout.js';
import { type ActivationName, applyActivation } from './activation.js';
import { Dropout } from './dropout.js';
import {
  type CallContext,
  type L2Regularizer,
  Layer,
  type LayerOptions,
  positiveInteger,
  type WeightSpec,
} from './layer.js';

export interface DenseOptions extends LayerOptions {
  readonly units: number;
  readonly activation?: ActivationName;
  readonly kernelRegularizer?: L2Regularizer;
}

/** A matrix product plus a bias, then an activation. */
export class Dense extends Layer {
  override readonly type = 'Dense';

  constructor(override readonly options: DenseOptions) {
    super(options);
    this.require(positiveInteger(options.units), 'units must be a positive integer');
  }

  protected override infer(input: Shape): { output: Shape; weights: WeightSpec[] } {
    const [features] = input;
    if (features === undefined || input.length !== 1)
      throw this.wants('one row of features (put a Flatten before it)', input);
    const { units, kernelRegularizer } = this.options;
    return {
      output: [units],
      weights: [
        {
          name: 'kernel',
          shape: [features, units],
          initializer: 'glorotUniform',
          trainable: true,
          ...(kernelRegularizer ? { regularizer: kernelRegularizer } : {}),
        },
        { name: 'bias', shape: [units], initializer: 'zeros', trainable: true },
      ],
    };
  }

  override call(x: Tensor, context: CallContext): Tensor {
    return this.#apply(x, context, undefined);
  }

  override callWith(x: Tensor, context: CallContext, next: Layer, nextContext: CallContext): Tensor | undefined {
    if (!(next instanceof Dropout) || this.options.activation !== 'relu') return undefined;
    return this.#apply(x, context, next.attributes(nextContext));
  }

  #apply(x: Tensor, { tape, weight, logits, step }: CallContext, dropout: DropoutAttributes | undefined): Tensor {
    const { activation = 'linear', kernelRegularizer } = this.options;
    const relu = activation === 'relu';
    const params = {
      batch: x.shape[0] as number,
      inFeatures: this.inputShape[0] as number,
      outFeatures: this.options.units,
    };
    const ending = { relu, ...(dropout ? { dropout } : {}) };
    const attributes = { params, ...ending, l2: kernelRegularizer?.l2 ?? 0, step };
    const y = tape.apply(dense, { x, w: weight('kernel'), bias: weight('bias') }, attributes);
    return relu ? y : applyActivation(tape, y, activation, logits);
  }
}
