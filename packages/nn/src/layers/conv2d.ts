/**
 * Convolution of (height, width, channels) images with `filters` kernels, a bias, and an activation. With groups, each
 * part of the kernels sees its part of the channels alone.
 */
import { type Conv2dParams, conv2dParams, type DepthwiseParams, depthwiseParams } from '@anke/kernels';
import type { Shape, Tensor } from '../autograd/tensor.js';
import { conv2d } from '../operations/conv2d.js';
import { depthwiseConv2d } from '../operations/depthwise-conv2d.js';
import { applyActivation } from './activation.js';
import { Convolution, type ConvolutionOptions } from './convolution.js';
import { type CallContext, type Inference, regularized, type WeightSpec } from './definition.js';
import { batchOf, first, type ImageShape, image, Mismatch, pair } from './expect.js';
import type { Initializer } from './initializers.js';
import type { Regularizer } from './regularizers.js';

export interface Conv2DOptions extends ConvolutionOptions {
  readonly filters: number;
  /** Parts that channels and filters are cut into; 1 if absent. Kernels are (kh, kw, in / groups, out). */
  readonly groups?: number;
  /** `glorotUniform` if absent. */
  readonly kernelInitializer?: Initializer;
  readonly kernelRegularizer?: Regularizer;
}

export class Conv2D extends Convolution<Conv2DOptions> {
  override readonly type = 'Conv2D';

  constructor(options: Conv2DOptions) {
    super(options);
    const { filters, groups = 1 } = options;
    this.requireConvolution({ filters, groups });
    this.require(filters % groups === 0, `its ${filters} filters cannot be cut into ${groups} groups of equal size`);
  }

  override infer(inputs: readonly Shape[]): Inference {
    const { filters, groups = 1, kernelSize, kernelInitializer = 'glorotUniform', kernelRegularizer } = this.options;
    const input = image(inputs);
    if (input.channels % groups !== 0) throw new Mismatch(`images whose channels can be cut into ${groups} groups`);
    const { outHeight, outWidth } = this.fitting(() => this.#params({ ...input, batch: 1 }));
    const shape = [...pair(kernelSize), input.channels / groups, filters];
    const kernel: WeightSpec = { name: 'kernel', shape, initializer: kernelInitializer, trainable: true };
    return {
      output: [outHeight, outWidth, filters],
      weights: [regularized(kernel, kernelRegularizer), ...this.bias(filters)],
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

  #params({ channels: inChannels, ...input }: ImageShape & { readonly batch: number }): Conv2dParams {
    const { filters: outChannels, groups = 1 } = this.options;
    return conv2dParams({ ...input, inChannels, outChannels, groups, ...this.window });
  }

  /** A channel a group is a depthwise convolution, whose kernels (kh, kw, channels, multiplier) lie in memory alike. */
  #depthwiseParams(input: ImageShape & { readonly batch: number }): DepthwiseParams {
    return depthwiseParams({ ...input, multiplier: this.options.filters / input.channels, ...this.window });
  }
}
