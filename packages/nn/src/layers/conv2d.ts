/**
 * Convolution of (height, width, channels) images with `filters` kernels, a bias, and an activation. With groups, each
 * part of the kernels sees its part of the channels alone.
 */
import { type Conv2dParams, conv2dParams, type DepthwiseParams, depthwiseParams, type Padding } from '@anke/kernels';
import type { Shape, Tensor } from '../autograd/tensor.js';
import { conv2d } from '../operations/conv2d.js';
import { depthwiseConv2d } from '../operations/depthwise-conv2d.js';
import { type ActivationName, applyActivation } from './activation.js';
import { type CallContext, type Inference, type LayerOptions, regularized, type WeightSpec } from './definition.js';
import {
  batchOf,
  covered,
  first,
  fitting,
  type ImageShape,
  image,
  Mismatch,
  type Pair,
  pair,
  positiveInteger,
} from './expect.js';
import type { Initializer } from './initializers.js';
import { Layer } from './layer.js';
import type { Regularizer } from './regularizers.js';

export interface Conv2DOptions extends LayerOptions {
  readonly filters: number;
  readonly kernelSize: Pair;
  /** 1 if absent. */
  readonly strides?: Pair;
  /** `valid` if absent: no padding. `same` pads so that the output is as large as the input divided by the strides. */
  readonly padding?: Padding;
  /** Distance of the kernel's taps, in pixels; 1 if absent. Larger ones go with strides of 1 alone. */
  readonly dilationRate?: Pair;
  /** Parts that channels and filters are cut into; 1 if absent. Kernels are (kh, kw, in / groups, out). */
  readonly groups?: number;
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

export class Conv2D extends Layer<Conv2DOptions> {
  override readonly type = 'Conv2D';

  constructor(options: Conv2DOptions) {
    super(options);
    const { filters, kernelSize, strides = 1, dilationRate = 1, groups = 1 } = options;
    const numbers = [filters, ...pair(kernelSize), ...pair(strides), ...pair(dilationRate), groups];
    this.require(
      numbers.every(positiveInteger),
      'filters, kernelSize, strides, dilationRate and groups must be positive integers',
    );
    this.requireNoStridesWhereDilated(strides, dilationRate);
    this.require(filters % groups === 0, `its ${filters} filters cannot be cut into ${groups} groups of equal size`);
    this.requireWeightOptions();
  }

  override infer(inputs: readonly Shape[]): Inference {
    const { filters, groups = 1, kernelSize, dilationRate, useBias = true } = this.options;
    const input = image(inputs);
    if (input.channels % groups !== 0) throw new Mismatch(`images whose channels can be cut into ${groups} groups`);
    const window = covered(kernelSize, dilationRate);
    const { outHeight, outWidth } = fitting(window, () => this.#params({ ...input, batch: 1 }));
    const { kernelInitializer = 'glorotUniform', biasInitializer = 'zeros' } = this.options;
    const shape = [...pair(kernelSize), input.channels / groups, filters];
    const kernel: WeightSpec = { name: 'kernel', shape, initializer: kernelInitializer, trainable: true };
    const bias: WeightSpec = { name: 'bias', shape: [filters], initializer: biasInitializer, trainable: true };
    const { kernelRegularizer, biasRegularizer } = this.options;
    return {
      output: [outHeight, outWidth, filters],
      weights: [regularized(kernel, kernelRegularizer), ...(useBias ? [regularized(bias, biasRegularizer)] : [])],
    };
  }

  override call(context: CallContext, inputs: readonly Tensor[]): Tensor {
    const { activation = 'linear', groups = 1, useBias = true } = this.options;
    const x = first(inputs);
    const input = batchOf(x);
    const operands = { x, w: context.weight('kernel'), bias: useBias ? context.weight('bias') : undefined };
    const y =
      groups > 1 && groups === input.channels
        ? context.tape.apply(depthwiseConv2d, operands, this.#depthwiseParams(input))
        : context.tape.apply(conv2d, operands, this.#params(input));
    return applyActivation(context, y, activation);
  }

  get #window() {
    const { kernelSize, strides = 1, dilationRate = 1, padding = 'valid' } = this.options;
    return { kernel: pair(kernelSize), stride: pair(strides), dilation: pair(dilationRate), padding };
  }

  #params({ channels: inChannels, ...input }: ImageShape & { readonly batch: number }): Conv2dParams {
    const { filters: outChannels, groups = 1 } = this.options;
    return conv2dParams({ ...input, inChannels, outChannels, groups, ...this.#window });
  }

  /** A channel a group is a depthwise convolution, whose kernels (kh, kw, channels, multiplier) lie in memory alike. */
  #depthwiseParams(input: ImageShape & { readonly batch: number }): DepthwiseParams {
    return depthwiseParams({ ...input, multiplier: this.options.filters / input.channels, ...this.#window });
  }
}
