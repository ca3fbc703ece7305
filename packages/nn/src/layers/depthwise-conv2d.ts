/** Convolution of each channel by itself, with `depthMultiplier` kernels a channel, a bias, and an activation. */
import { type DepthwiseParams, depthwiseParams } from '@anke/kernels';
import type { Shape, Tensor } from '../autograd/tensor.js';
import { depthwiseConv2d } from '../operations/depthwise-conv2d.js';
import { applyActivation } from './activation.js';
import { Convolution, type ConvolutionOptions } from './convolution.js';
import { type CallContext, type Inference, regularized, type WeightSpec } from './definition.js';
import { batchOf, first, type ImageShape, image, pair } from './expect.js';
import type { Initializer } from './initializers.js';
import type { Regularizer } from './regularizers.js';

export interface DepthwiseConv2DOptions extends ConvolutionOptions {
  /** Output channels for each input channel; 1 if absent. */
  readonly depthMultiplier?: number;
  /** `glorotUniform` if absent. */
  readonly depthwiseInitializer?: Initializer;
  readonly depthwiseRegularizer?: Regularizer;
}

export class DepthwiseConv2D extends Convolution<DepthwiseConv2DOptions> {
  override readonly type = 'DepthwiseConv2D';

  constructor(options: DepthwiseConv2DOptions) {
    super(options);
    this.requireConvolution({ depthMultiplier: options.depthMultiplier ?? 1 });
  }

  override infer(inputs: readonly Shape[]): Inference {
    const { kernelSize, depthMultiplier = 1, depthwiseRegularizer } = this.options;
    const { depthwiseInitializer: initializer = 'glorotUniform' } = this.options;
    const input = image(inputs);
    const { outHeight, outWidth } = this.fitting(() => this.#params({ ...input, batch: 1 }));
    const outChannels = input.channels * depthMultiplier;
    const shape = [...pair(kernelSize), input.channels, depthMultiplier];
    const kernel: WeightSpec = { name: 'kernel', shape, initializer, trainable: true };
    return {
      output: [outHeight, outWidth, outChannels],
      weights: [regularized(kernel, depthwiseRegularizer), ...this.bias(outChannels)],
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
    return depthwiseParams({ ...input, multiplier: this.options.depthMultiplier ?? 1, ...this.window });
  }
}
