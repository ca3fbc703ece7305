import { conv2dParams, KernelError, type Padding } from '@anke/kernels';
import type { Shape, Tensor } from '../autograd/tensor.js';
import { conv2d } from '../operations/conv2d.js';
import type { DropoutAttributes } from '../operations/dropout.js';
import { type ActivationName, applyActivation } from './activation.js';
import { Dropout } from './dropout.js';
import {
  type CallContext,
  type L2Regularizer,
  Layer,
  type LayerOptions,
  type Pair,
  pair,
  positiveInteger,
  type WeightSpec,
} from './layer.js';

export interface Conv2DOptions extends LayerOptions {
  readonly filters: number;
  readonly kernelSize: Pair;
  readonly strides?: Pair;
  readonly padding?: Padding;
  readonly activation?: ActivationName;
  readonly kernelRegularizer?: L2Regularizer;
}

/** Convolution of (h, w, channels) images with `filters` kernels, plus a bias, then an activation. */
export class Conv2D extends Layer {
  override readonly type = 'Conv2D';

  constructor(override readonly options: Conv2DOptions) {
    super(options);
    const numbers = [options.filters, ...pair(options.kernelSize), ...pair(options.strides ?? 1)];
    this.require(numbers.every(positiveInteger), 'filters, kernelSize and strides must be positive integers');
  }

  protected override infer(input: Shape): { output: Shape; weights: WeightSpec[] } {
    const { filters, kernelRegularizer } = this.options;
    const { outHeight, outWidth } = this.#params(input, 1);
    const [kernelHeight, kernelWidth] = pair(this.options.kernelSize);
    return {
      output: [outHeight, outWidth, filters],
      weights: [
        {
          name: 'kernel',
          shape: [kernelHeight, kernelWidth, input[2] as number, filters],
          initializer: 'glorotUniform',
          trainable: true,
          ...(kernelRegularizer ? { regularizer: kernelRegularizer } : {}),
        },
        { name: 'bias', shape: [filters], initializer: 'zeros', trainable: true },
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
    const params = this.#params(this.inputShape, x.shape[0] as number);
    const ending = { relu, ...(dropout ? { dropout } : {}) };
    const attributes = { params, ...ending, l2: kernelRegularizer?.l2 ?? 0, step };
    const y = tape.apply(conv2d, { x, w: weight('kernel'), bias: weight('bias') }, attributes);
    return relu ? y : applyActivation(tape, y, activation, logits);
  }

  #params(input: Shape, batch: number) {
    const [height, width, inChannels] = input;
    if (height === undefined || width === undefined || inChannels === undefined || input.length !== 3) {
      throw this.wants('images of shape (height, width, channels)', input);
    }
    const { filters: outChannels, strides = 1, padding = 'valid' } = this.options;
    const kernel = pair(this.options.kernelSize);
    try {
      return conv2dParams({ batch, height, width, inChannels, outChannels, kernel, stride: pair(strides), padding });
    } catch (error) {
      if (error instanceof KernelError)
        throw this.wants(`images of at least ${kernel[0]} × ${kernel[1]} pixels`, input);
      throw error;
    }
  }
}
