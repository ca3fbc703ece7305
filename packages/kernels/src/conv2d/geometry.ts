/** Sliding windows over the two spatial axes of an NHWC tensor, shared by convolution and pooling. */
import { KernelError } from '../runtime/errors.js';

export type Padding = 'valid' | 'same';

export interface WindowAxis {
  /** Number of window positions. */
  readonly out: number;
  /** Padding before the first element. */
  readonly before: number;
}

/**
 * Window positions along one axis, as TensorFlow and Keras count them.
 *
 * `valid`: out = ⌊(size − window) / stride⌋ + 1. `same`: out = ⌈size / stride⌉, and the padding
 * max((out − 1)·stride + window − size, 0) is split so that the smaller half comes first.
 *
 * @throws KernelError if the window does not fit
 */
export function windowAxis(size: number, window: number, stride: number, padding: Padding): WindowAxis {
  if (padding === 'same') {
    const out = Math.ceil(size / stride);
    return { out, before: Math.floor(Math.max((out - 1) * stride + window - size, 0) / 2) };
  }
  if (window > size) throw new KernelError(`a window of ${window} does not fit into ${size}`);
  return { out: Math.floor((size - window) / stride) + 1, before: 0 };
}

export interface Conv2dParams {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly outHeight: number;
  readonly outWidth: number;
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
  const rows = windowAxis(height, kernel[0], stride[0], padding);
  const columns = windowAxis(width, kernel[1], stride[1], padding);
  return {
    batch,
    height,
    width,
    inChannels,
    outChannels,
    kernelHeight: kernel[0],
    kernelWidth: kernel[1],
    strideHeight: stride[0],
    strideWidth: stride[1],
    padTop: rows.before,
    padLeft: columns.before,
    outHeight: rows.out,
    outWidth: columns.out,
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
    HEIGHT: p.height,
    WIDTH: p.width,
    IN: p.inChannels,
    OUT: p.outChannels,
    KERNEL_H: p.kernelHeight,
    KERNEL_W: p.kernelWidth,
    STRIDE_H: p.strideHeight,
    STRIDE_W: p.strideWidth,
    PAD_TOP: { i32: p.padTop },
    PAD_LEFT: { i32: p.padLeft },
    OUT_H: p.outHeight,
    OUT_W: p.outWidth,
  };
}
