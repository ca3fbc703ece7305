/**
 * Sizes of a depthwise convolution, and what its three directions derive from them. Each channel of the images
 * (n, h, w, c) is convolved by itself with `multiplier` kernels of its own, (kh, kw, c, multiplier). Kernel m of
 * channel ci gives output channel
 *
 *   co = ci · multiplier + m
 *
 * so that the kernels can be read as (kh, kw, co) too.
 */
import { coverage, type DilatedKernel, dilationConstants, dilationParam } from '../window/dilation.js';
import { type Padding, type WindowParams, windowConstants, windowParams } from '../window/geometry.js';

export interface DepthwiseParams extends WindowParams, DilatedKernel {
  readonly batch: number;
  /** Channels of the input. */
  readonly channels: number;
  /** Output channels for each channel of the input. */
  readonly multiplier: number;
}

/**
 * A depthwise convolution's sizes from what a layer knows.
 *
 * @param options.dilation distance of the kernel's taps; 1 if absent
 * @throws KernelError if the kernel does not fit into the image
 */
export function depthwiseParams(options: {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly multiplier?: number;
  readonly kernel: readonly [height: number, width: number];
  readonly stride?: readonly [height: number, width: number];
  readonly dilation?: readonly [height: number, width: number];
  readonly padding?: Padding;
}): DepthwiseParams {
  const { batch, height, width, channels, multiplier = 1, kernel, stride = [1, 1], padding = 'valid' } = options;
  const { dilation = [1, 1] } = options;
  const dilated = { kernelHeight: kernel[0], kernelWidth: kernel[1], ...dilationParam(dilation) };
  const covered = coverage(dilated);
  return {
    batch,
    channels,
    multiplier,
    ...dilated,
    ...windowParams({ height, width, window: [covered.height, covered.width], stride, padding }),
  };
}

/** Channels of the output. */
export const outChannels = (p: DepthwiseParams): number => p.channels * p.multiplier;
export const inputSize = (p: DepthwiseParams): number => p.batch * p.height * p.width * p.channels;
export const kernelSize = (p: DepthwiseParams): number => p.kernelHeight * p.kernelWidth * outChannels(p);
export const outputSize = (p: DepthwiseParams): number => p.batch * p.outHeight * p.outWidth * outChannels(p);

/** Two operations for each product of an output and a tap; the same in all three directions. */
export const depthwiseFlops = (p: DepthwiseParams): number => 2 * outputSize(p) * p.kernelHeight * p.kernelWidth;

/** The sizes as WGSL constants, under the names that the shaders use. */
export const depthwiseConstants = (p: DepthwiseParams): Record<string, number | { i32: number }> => ({
  BATCH: p.batch,
  IN: p.channels,
  MULTIPLIER: p.multiplier,
  OUT: outChannels(p),
  KERNEL_H: p.kernelHeight,
  KERNEL_W: p.kernelWidth,
  ...windowConstants(p),
  ...dilationConstants(p),
});
