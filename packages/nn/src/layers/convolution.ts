/**
 * What the layers of convolution share: a window that moves over (height, width, channels) images, and a bias and an
 * activation at the end.
 */
import type { Padding } from '@anke/kernels';
import type { ActivationName } from './activation.js';
import { type LayerOptions, regularized, type WeightSpec } from './definition.js';
import { fitting, type Pair, pair, positiveInteger } from './expect.js';
import type { Initializer } from './initializers.js';
import { Layer } from './layer.js';
import type { Regularizer } from './regularizers.js';

export interface ConvolutionOptions extends LayerOptions {
  readonly kernelSize: Pair;
  /** 1 if absent. */
  readonly strides?: Pair;
  /** `valid` if absent: no padding. `same` pads so that the output is as large as the input divided by the strides. */
  readonly padding?: Padding;
  /** Distance of the kernel's taps, in pixels; 1 if absent. Larger ones go with strides of 1 alone. */
  readonly dilationRate?: Pair;
  readonly activation?: ActivationName;
  /** Whether a bias is added; true if absent. */
  readonly useBias?: boolean;
  /** `zeros` if absent. */
  readonly biasInitializer?: Initializer;
  readonly biasRegularizer?: Regularizer;
}

export abstract class Convolution<O extends ConvolutionOptions> extends Layer<O> {
  /**
   * To be called by constructors.
   *
   * @param counts the layer's further options that must be positive integers, by name
   * @throws ModelError if an option is out of range, or options do not go together
   */
  protected requireConvolution(counts: Readonly<Record<string, number>>): void {
    const { kernelSize, strides = 1, dilationRate = 1 } = this.options;
    const numbers = [...Object.values(counts), ...pair(kernelSize), ...pair(strides), ...pair(dilationRate)];
    const names = [...Object.keys(counts), 'kernelSize', 'strides'].join(', ');
    this.require(numbers.every(positiveInteger), `${names} and dilationRate must be positive integers`);
    // Keras refuses both together too.
    const isBoth = Math.max(...pair(strides)) > 1 && Math.max(...pair(dilationRate)) > 1;
    this.require(!isBoth, 'strides and a dilationRate above 1 do not go together: leave one of them out');
    this.requireWeightOptions();
  }

  /** The window, as the kernels' parameters have it. */
  protected get window() {
    const { kernelSize, strides = 1, dilationRate = 1, padding = 'valid' } = this.options;
    return { kernel: pair(kernelSize), stride: pair(strides), dilation: pair(dilationRate), padding } as const;
  }

  /**
   * The window covers (k − 1) · dilation + 1 pixels along each axis.
   *
   * @throws Mismatch if it does not fit into the images
   */
  protected fitting<P>(geometry: () => P): P {
    const { kernel, dilation } = this.window;
    return fitting([(kernel[0] - 1) * dilation[0] + 1, (kernel[1] - 1) * dilation[1] + 1], geometry);
  }

  /** The bias, if there is one, as a list. */
  protected bias(channels: number): WeightSpec[] {
    const { useBias = true, biasInitializer: initializer = 'zeros', biasRegularizer } = this.options;
    return useBias
      ? [regularized({ name: 'bias', shape: [channels], initializer, trainable: true }, biasRegularizer)]
      : [];
  }
}
