/** A matrix product plus a bias, then an activation. */
import { rowsAtOnce } from '@anke/kernels';
import type { Shape, Tensor } from '../autograd/tensor.js';
import { dense } from '../operations/dense.js';
import { dividedDense } from '../operations/divided-dense.js';
import { type ActivationName, applyActivation } from './activation.js';
import { type CallContext, type Inference, type LayerOptions, regularized, type WeightSpec } from './definition.js';
import { first, Mismatch, positiveInteger, single } from './expect.js';
import type { Initializer } from './initializers.js';
import { Layer } from './layer.js';
import type { Regularizer } from './regularizers.js';

export interface DenseOptions extends LayerOptions {
  readonly units: number;
  readonly activation?: ActivationName;
  /** Whether a bias is added; true if absent. */
  readonly useBias?: boolean;
  /** `glorotUniform` if absent. */
  readonly kernelInitializer?: Initializer;
  /** `zeros` if absent. */
  readonly biasInitializer?: Initializer;
  readonly kernelRegularizer?: Regularizer;
  readonly biasRegularizer?: Regularizer;
}

export class Dense extends Layer<DenseOptions> {
  override readonly type = 'Dense';

  constructor(options: DenseOptions) {
    super(options);
    this.require(positiveInteger(options.units), 'units must be a positive integer');
    this.requireWeightOptions();
  }

  override infer(inputs: readonly Shape[]): Inference {
    const input = single(inputs);
    const [features] = input;
    if (features === undefined || input.length !== 1)
      throw new Mismatch('one row of features (put a Flatten before it)');
    const { units, useBias = true } = this.options;
    const { kernelInitializer = 'glorotUniform', biasInitializer = 'zeros' } = this.options;
    const { kernelRegularizer, biasRegularizer } = this.options;
    const shape = [features, units];
    const kernel: WeightSpec = {
      ...{ name: 'kernel', shape, initializer: kernelInitializer },
      ...{ trainable: true, divisible: true },
    };
    const bias: WeightSpec = { name: 'bias', shape: [units], initializer: biasInitializer, trainable: true };
    return {
      output: [units],
      weights: [regularized(kernel, kernelRegularizer), ...(useBias ? [regularized(bias, biasRegularizer)] : [])],
    };
  }

  override call(context: CallContext, inputs: readonly Tensor[]): Tensor {
    const { activation = 'linear', units: outFeatures, useBias = true } = this.options;
    const x = first(inputs);
    const [batch = 1, inFeatures = 1] = x.shape;
    const bias = useBias ? context.weight('bias') : undefined;
    const params = { batch, inFeatures, outFeatures };
    const operands = { x, w: context.weight('kernel'), bias };
    const { gpu } = context.tape.executor;
    const y =
      inFeatures * outFeatures * 4 <= gpu.maxBinding
        ? context.tape.apply(dense, operands, params)
        : context.tape.apply(dividedDense, operands, { ...params, rows: rowsAtOnce(outFeatures, gpu) });
    return applyActivation(context, y, activation);
  }
}
