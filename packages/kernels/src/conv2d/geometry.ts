/**
 * Sizes of a convolution, and what its three directions derive from them. Images are (n, h, w, c), kernels are
 * (kh, kw, in, out).
 */
import { type Padding, type WindowParams, windowConstants, windowParams } from '../window/geometry.js';

export interface Conv2dParams extends WindowParams {
  readonly batch: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
}

/**
 * A convolution's sizes from what a layer knows.
 *
 * @throws KernelError if the kernel does not fit into the image
 */
export function conv2dParams(options: {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernel: readonly [height: number, width: number];
  readonly stride?: readonly [height: number, width: number];
  readonly padding?: Padding;
}): Conv2dParams {
  const { batch, height, width, inChannels, outChannels, kernel, stride = [1, 1], padding = 'valid' } = options;
  return {
    batch,
    inChannels,
    outChannels,
    kernelHeight: kernel[0],
    kernelWidth: kernel[1],
    ...windowParams({ height, width, window: kernel, stride, padding }),
  };
}

export const inputSize = (p: Conv2dParams): number => p.batch * p.height * p.width * p.inChannels;
export const kernelSize = (p: Conv2dParams): number => p.kernelHeight * p.kernelWidth * p.inChannels * p.outChannels;
export const outputSize = (p: Conv2dParams): number => p.batch * p.outHeight * p.outWidth * p.outChannels;

/** Two operations for each product of an output, a tap and an input channel; the same in all three directions. */
export const conv2dFlops = (p: Conv2dParams): number =>
  2 * outputSize(p) * p.kernelHeight * p.kernelWidth * p.inChannels;

/** The sizes as WGSL constants, under the names that the shaders use. */
export function conv2dConstants(p: Conv2dParams): Record<string, number | { i32: number }> {
  return {
    BATCH: p.batch,
    IN: p.inChannels,
    OUT: p.outChannels,
    KERNEL_H: p.kernelHeight,
    KERNEL_W: p.kernelWidth,
    ...windowConstants(p),
  };
}
