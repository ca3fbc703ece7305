/** A convolution of each channel by itself, then one of 1 × 1 that mixes the channels, a bias, and an activation. */
import { type Conv2dParams, conv2dParams, type DepthwiseParams, depthwiseParams } from '@anke/kernels';
import type { Shape, Tensor } from '../autograd/tensor.js';
import { conv2d } from '../operations/conv2d.js';
import { depthwiseConv2d } from '../operations/depthwise-conv2d.js';
import { applyActivation } from './activation.js';
import { Convolution } from './convolution.js';
import { type CallContext, type Inference, regularized, type WeightSpec } from './definition.js';
import type { DepthwiseConv2DOptions } from './depthwise-conv2d.js';
import { batchOf, first, type ImageShape, image, pair } from './expect.js';
import type { Initializer } from './initializers.js';
import type { Regularizer } from './regularizers.js';

export interface SeparableConv2DOptions extends DepthwiseConv2DOptions {
  /** Output channels. */
  readonly filters: number;
  /** `glorotUniform` if absent. */
  readonly pointwiseInitializer?: Initializer;
  readonly pointwiseRegularizer?: Regularizer;
}

export class SeparableConv2D extends Convolution<SeparableConv2DOptions> {
  override readonly type = 'SeparableConv2D';

  constructor(options: SeparableConv2DOptions) {
    super(options);
    const { filters, depthMultiplier = 1 } = options;
    this.requireConvolution({ filters, depthMultiplier });
  }

  override infer(inputs: readonly Shape[]): Inference {
    const { filters, kernelSize, depthMultiplier = 1 } = this.options;
    const input = image(inputs);
    const { outHeight, outWidth } = this.fitting(() => this.#across({ ...input, batch: 1 }));
    const weight = (name: string, shape: Shape, initializer: Initializer = 'glorotUniform'): WeightSpec => ({
      ...{ name, shape, initializer, trainable: true },
    });
    const { channels } = input;
    const across = [...pair(kernelSize), channels, depthMultiplier];
    const mixing = [1, 1, channels * depthMultiplier, filters];
    const { depthwiseInitializer, depthwiseRegularizer, pointwiseInitializer, pointwiseRegularizer } = this.options;
    return {
      output: [outHeight, outWidth, filters],
      weights: [
        regularized(weight('depthwise_kernel', across, depthwiseInitializer), depthwiseRegularizer),
        regularized(weight('pointwise_kernel', mixing, pointwiseInitializer), pointwiseRegularizer),
        ...this.bias(filters),
      ],
    };
  }

  override call(context: CallContext, inputs: readonly Tensor[]): Tensor {
    const { activation = 'linear', useBias = true } = this.options;
    const { tape, weight } = context;
    const images = first(inputs);
    const x = tape.apply(depthwiseConv2d, { x: images, w: weight('depthwise_kernel') }, this.#across(batchOf(images)));
    const bias = useBias ? weight('bias') : undefined;
    const y = tape.apply(conv2d, { x, w: weight('pointwise_kernel'), bias }, this.#mixing(batchOf(x)));
    return applyActivation(context, y, activation);
  }

  #across(input: ImageShape & { readonly batch: number }): DepthwiseParams {
    return depthwiseParams({ ...input, multiplier: this.options.depthMultiplier ?? 1, ...this.window });
  }

  #mixing({ channels: inChannels, ...input }: ImageShape & { readonly batch: number }): Conv2dParams {
    const ones = [1, 1] as const;
    return conv2dParams({
      ...{ ...input, inChannels, outChannels: this.options.filters },
      ...{ kernel: ones, stride: ones, padding: 'valid' },
    });
  }
}
