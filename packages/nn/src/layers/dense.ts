import type { Shape, Tensor } from '../autograd/tensor.js';
import { dense } from '../operations/dense.js';
import { type ActivationName, applyActivation } from './activation.js';
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

  override call(x: Tensor, { tape, weight, logits }: CallContext): Tensor {
    const { activation = 'linear', units } = this.options;
    const relu = activation === 'relu';
    const params = { batch: x.shape[0] as number, inFeatures: this.inputShape[0] as number, outFeatures: units };
    const y = tape.apply(dense, { x, w: weight('kernel'), bias: weight('bias') }, { params, relu });
    return relu ? y : applyActivation(tape, y, activation, logits);
  }
}
