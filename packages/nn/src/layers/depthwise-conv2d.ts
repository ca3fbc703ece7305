/** Convolution of each channel by itself, with `depthMultiplier` kernels a channel, a bias, and an activation. */
import { type DepthwiseParams, depthwiseParams, type Padding } from '@anke/kernels';
import type { Shape, Tensor } from '../autograd/tensor.js';
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
  type Pair,
  pair,
  positiveInteger,
} from './expect.js';
import type { Initializer } from './initializers.js';
import { Layer } from './layer.js';
import type { Regularizer } from './regularizers.js';

export interface DepthwiseConv2DOptions extends LayerOptions {
  readonly kernelSize: Pair;
  /** 1 if absent. */
  readonly strides?: Pair;
  /** `valid` if absent: no padding. */
  readonly padding?: Padding;
  /** Distance of the kernel's taps, in pixels; 1 if absent. Larger ones go with strides of 1 alone. */
  readonly dilationRate?: Pair;
  /** Output channels for each input channel; 1 if absent. */
  readonly depthMultiplier?: number;
  readonly activation?: ActivationName;
  /** Whether a bias is added; true if absent. */
  readonly useBias?: boolean;
  /** `glorotUniform` if absent. */
  readonly depthwiseInitializer?: Initializer;
  /** `zeros` if absent. */
  readonly biasInitializer?: Initializer;
  readonly depthwiseRegularizer?: Regularizer;
  readonly biasRegularizer?: Regularizer;
}

export class DepthwiseConv2D extends Layer<DepthwiseConv2DOptions> {
  override readonly type = 'DepthwiseConv2D';

  constructor(options: DepthwiseConv2DOptions) {
    super(options);
    const { kernelSize, strides = 1, dilationRate = 1, depthMultiplier = 1 } = options;
    const numbers = [...pair(kernelSize), ...pair(strides), ...pair(dilationRate), depthMultiplier];
    this.require(
      numbers.every(positiveInteger),
      'kernelSize, strides, dilationRate and depthMultiplier must be positive integers',
    );
    this.requireNoStridesWhereDilated(strides, dilationRate);
    this.requireWeightOptions();
  }

  override infer(inputs: readonly Shape[]): Inference {
    const { kernelSize, dilationRate, depthMultiplier = 1, useBias = true } = this.options;
    const input = image(inputs);
    const { outHeight, outWidth } = fitting(covered(kernelSize, dilationRate), () =>
      this.#params({ ...input, batch: 1 }),
    );
    const { depthwiseInitializer = 'glorotUniform', biasInitializer = 'zeros' } = this.options;
    const outChannels = input.channels * depthMultiplier;
    const shape = [...pair(kernelSize), input.channels, depthMultiplier];
    const kernel: WeightSpec = { name: 'kernel', shape, initializer: depthwiseInitializer, trainable: true };
    const bias: WeightSpec = { name: 'bias', shape: [outChannels], initializer: biasInitializer, trainable: true };
    const { depthwiseRegularizer, biasRegularizer } = this.options;
    return {
      output: [outHeight, outWidth, outChannels],
      weights: [regularized(kernel, depthwiseRegularizer), ...(useBias ? [regularized(bias, biasRegularizer)] : [])],
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
    const { kernelSize, strides = 1, dilationRate = 1, padding = 'valid', depthMultiplier = 1 } = this.options;
    const window = { kernel: pair(kernelSize), stride: pair(strides), dilation: pair(dilationRate), padding };
    return depthwiseParams({ ...input, multiplier: depthMultiplier, ...window });
  }
}
