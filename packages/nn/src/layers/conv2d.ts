/** Convolution of (height, width, channels) images with `filters` kernels, a bias, and an activation. */
import { type Conv2dParams, conv2dParams, type Padding } from '@anke/kernels';
import type { Shape, Tensor } from '../autograd/tensor.js';
import { conv2d } from '../operations/conv2d.js';
import { type ActivationName, applyActivation } from './activation.js';
import {
  type CallContext,
  type Inference,
  type L2Regularizer,
  type LayerOptions,
  regularized,
  type WeightSpec,
} from './definition.js';
import { batchOf, first, fitting, type ImageShape, image, type Pair, pair, positiveInteger } from './expect.js';
import { Layer } from './layer.js';

export interface Conv2DOptions extends LayerOptions {
  readonly filters: number;
  readonly kernelSize: Pair;
  /** 1 if absent. */
  readonly strides?: Pair;
  /** `valid` if absent: no padding. `same` pads so that the output is as large as the input divided by the strides. */
  readonly padding?: Padding;
  readonly activation?: ActivationName;
  /** Whether a bias is added; true if absent. */
  readonly useBias?: boolean;
  readonly kernelRegularizer?: L2Regularizer;
}

export class Conv2D extends Layer<Conv2DOptions> {
  override readonly type = 'Conv2D';

  constructor(options: Conv2DOptions) {
    super(options);
    const numbers = [options.filters, ...pair(options.kernelSize), ...pair(options.strides ?? 1)];
    this.require(numbers.every(positiveInteger), 'filters, kernelSize and strides must be positive integers');
  }

  override infer(inputs: readonly Shape[]): Inference {
    const { filters, kernelRegularizer, kernelSize, useBias = true } = this.options;
    const input = image(inputs);
    const { outHeight, outWidth } = fitting(pair(kernelSize), () => this.#params({ ...input, batch: 1 }));
    const shape = [...pair(kernelSize), input.channels, filters];
    const kernel: WeightSpec = { name: 'kernel', shape, initializer: 'glorotUniform', trainable: true };
    const bias: WeightSpec = { name: 'bias', shape: [filters], initializer: 'zeros', trainable: true };
    return {
      output: [outHeight, outWidth, filters],
      weights: [regularized(kernel, kernelRegularizer), ...(useBias ? [bias] : [])],
    };
  }

  override call(context: CallContext, inputs: readonly Tensor[]): Tensor {
    const { activation = 'linear', useBias = true } = this.options;
    const x = first(inputs);
    const bias = useBias ? context.weight('bias') : undefined;
    const y = context.tape.apply(conv2d, { x, w: context.weight('kernel'), bias }, this.#params(batchOf(x)));
    return applyActivation(context, y, activation);
  }

  #params({ channels: inChannels, ...input }: ImageShape & { readonly batch: number }): Conv2dParams {
    const { filters: outChannels, kernelSize, strides = 1, padding = 'valid' } = this.options;
    return conv2dParams({
      ...input,
      inChannels,
      outChannels,
      kernel: pair(kernelSize),
      stride: pair(strides),
      padding,
    });
  }
}
