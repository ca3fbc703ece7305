/** Convolution of each channel by itself, with `depthMultiplier` kernels a channel, a bias, and an activation. */
import { type DepthwiseParams, depthwiseParams, type Padding } from '@anke/kernels';
import type { Shape, Tensor } from '../autograd/tensor.js';
import { depthwiseConv2d } from '../operations/depthwise-conv2d.js';
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

export interface DepthwiseConv2DOptions extends LayerOptions {
  readonly kernelSize: Pair;
  /** 1 if absent. */
  readonly strides?: Pair;
  /** `valid` if absent: no padding. */
  readonly padding?: Padding;
  /** Output channels for each input channel; 1 if absent. */
  readonly depthMultiplier?: number;
  readonly activation?: ActivationName;
  /** Whether a bias is added; true if absent. */
  readonly useBias?: boolean;
  readonly depthwiseRegularizer?: L2Regularizer;
}

export class DepthwiseConv2D extends Layer<DepthwiseConv2DOptions> {
  override readonly type = 'DepthwiseConv2D';

  constructor(options: DepthwiseConv2DOptions) {
    super(options);
    const { kernelSize, strides = 1, depthMultiplier = 1 } = options;
    const numbers = [...pair(kernelSize), ...pair(strides), depthMultiplier];
    this.require(numbers.every(positiveInteger), 'kernelSize, strides and depthMultiplier must be positive integers');
  }

  override infer(inputs: readonly Shape[]): Inference {
    const { kernelSize, depthMultiplier = 1, depthwiseRegularizer, useBias = true } = this.options;
    const input = image(inputs);
    const { outHeight, outWidth } = fitting(pair(kernelSize), () => this.#params({ ...input, batch: 1 }));
    const outChannels = input.channels * depthMultiplier;
    const shape = [...pair(kernelSize), input.channels, depthMultiplier];
    const kernel: WeightSpec = { name: 'kernel', shape, initializer: 'glorotUniform', trainable: true };
    const bias: WeightSpec = { name: 'bias', shape: [outChannels], initializer: 'zeros', trainable: true };
    return {
      output: [outHeight, outWidth, outChannels],
      weights: [regularized(kernel, depthwiseRegularizer), ...(useBias ? [bias] : [])],
    };
  }

  override call(context: CallContext, inputs: readonly Tensor[]): Tensor {
    const { activation = 'linear', useBias = true } = this.options;
    const x = first(inputs);
    const bias = useBias ? context.weight('bias') : undefined;
    const y = context.tape.apply(depthwiseConv2d, { x, w: context.weight('kernel'), bias }, this.#params(batchOf(x)));
    return applyActivation(context, y, activation);
  }

  #params(input: ImageShape & { readonly batch: number }): DepthwiseParams {
    const { kernelSize, strides = 1, padding = 'valid', depthMultiplier: multiplier = 1 } = this.options;
    return depthwiseParams({ ...input, multiplier, kernel: pair(kernelSize), stride: pair(strides), padding });
  }
}
