/**
 * How a window goes over an image: positions, strides and padding, as TensorFlow and Keras count them. Convolution,
 * depthwise convolution and pooling use it; each adds the size of its window.
 */
import { KernelError } from '../runtime/errors.js';

export type Padding = 'valid' | 'same';

export interface WindowAxis {
  /** Number of window positions. */
  readonly out: number;
  /** Padding before the first element. */
  readonly before: number;
}

/**
 * Window positions along one axis.
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

/**
 * A window's way over an image of `height` × `width`.
 * Window (oy, ox) begins at row oy·sh − top and column ox·sw − left.
 */
export interface WindowParams {
  readonly height: number;
  readonly width: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly outHeight: number;
  readonly outWidth: number;
}

/**
 * The way of a window from what a layer knows.
 *
 * @param options.window its height and width
 * @throws KernelError if the window does not fit into the image
 */
export function windowParams(options: {
  readonly height: number;
  readonly width: number;
  readonly window: readonly [height: number, width: number];
  readonly stride: readonly [height: number, width: number];
  readonly padding: Padding;
}): WindowParams {
  const { height, width, window, stride, padding } = options;
  const rows = windowAxis(height, window[0], stride[0], padding);
  const columns = windowAxis(width, window[1], stride[1], padding);
  return {
    height,
    width,
    strideHeight: stride[0],
    strideWidth: stride[1],
    padTop: rows.before,
    padLeft: columns.before,
    outHeight: rows.out,
    outWidth: columns.out,
  };
}

/** The sizes as WGSL constants, under the names that the shaders use. */
export function windowConstants(p: WindowParams): Record<string, number | { i32: number }> {
  return {
    HEIGHT: p.height,
    WIDTH: p.width,
    STRIDE_H: p.strideHeight,
    STRIDE_W: p.strideWidth,
    PAD_TOP: { i32: p.padTop },
    PAD_LEFT: { i32: p.padLeft },
    OUT_H: p.outHeight,
    OUT_W: p.outWidth,
  };
}

/**
 * WGSL of the first window along an axis that covers a padded coordinate: the least o with o·stride + window >
 * coordinate. Of a dilated kernel, the window is all that it covers.
 */
export const FIRST_WINDOW_WGSL = `
fn firstWindow(coordinate: u32, window: u32, stride: u32) -> u32 {
  if (coordinate < window) { return 0u; }
  return (coordinate - window) / stride + 1u;
}`;
