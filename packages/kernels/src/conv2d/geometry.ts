/**
 * Sizes of a convolution, and what its three directions derive from them. Images are (n, h, w, c), kernels are
 * (kh, kw, in, out), or (kh, kw, in / groups, out) where there are groups.
 */
import { coverage, type DilatedKernel, dilationConstants, dilationParam } from '../window/dilation.js';
import { type Padding, type WindowParams, windowConstants, windowParams } from '../window/geometry.js';
import { type ChannelGroups, groupConstants, groupInputs } from './groups.js';

export interface Conv2dParams extends WindowParams, DilatedKernel, ChannelGroups {
  readonly batch: number;
}

/**
 * A convolution's sizes from what a layer knows.
 *
 * @param options.dilation distance of the kernel's taps; 1 if absent
 * @param options.groups divides the numbers of both input and output channels; 1 if absent
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
  readonly dilation?: readonly [height: number, width: number];
  readonly groups?: number;
  readonly padding?: Padding;
}): Conv2dParams {
  const { batch, height, width, inChannels, outChannels, kernel, stride = [1, 1], padding = 'valid' } = options;
  const { dilation = [1, 1], groups = 1 } = options;
  const dilated = { kernelHeight: kernel[0], kernelWidth: kernel[1], ...dilationParam(dilation) };
  const covered = coverage(dilated);
  return {
    batch,
    inChannels,
    outChannels,
    ...dilated,
    ...(groups === 1 ? {} : { groups }),
    ...windowParams({ height, width, window: [covered.height, covered.width], stride, padding }),
  };
}

export const inputSize = (p: Conv2dParams): number => p.batch * p.height * p.width * p.inChannels;
export const kernelSize = (p: Conv2dParams): number => p.kernelHeight * p.kernelWidth * groupInputs(p) * p.outChannels;
export const outputSize = (p: Conv2dParams): number => p.batch * p.outHeight * p.outWidth * p.outChannels;

/**
 * Two operations for each product of an output, a tap and an input channel of its group; the same in all three
 * directions.
 */
export const conv2dFlops = (p: Conv2dParams): number =>
  2 * outputSize(p) * p.kernelHeight * p.kernelWidth * groupInputs(p);

/** The sizes as WGSL constants, under the names that the shaders use. */
export function conv2dConstants(p: Conv2dParams): Record<string, number | { i32: number }> {
  return {
    BATCH: p.batch,
    IN: p.inChannels,
    OUT: p.outChannels,
    KERNEL_H: p.kernelHeight,
    KERNEL_W: p.kernelWidth,
    ...windowConstants(p),
    ...dilationConstants(p),
    ...groupConstants(p),
  };
}
