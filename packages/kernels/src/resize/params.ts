/**
 * Sizes of images before and after they are resampled, and what all resampling kernels share.
 *
 * Pixels are squares, and positions are those of their centres: output o of an axis lies over input (o + ½) · size /
 * out − ½. Where that falls among the inputs is computed in whole numbers, so that no rounding moves a pixel; the
 * product of an axis's two sizes may be up to 2²⁹.
 */
import type { Binding } from '../runtime/kernel.js';
import { constants, flatRow } from '../runtime/wgsl.js';

export interface ResizeParams {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly outHeight: number;
  readonly outWidth: number;
}

export const inputSize = (p: ResizeParams): number => p.batch * p.height * p.width * p.channels;
export const outputSize = (p: ResizeParams): number => p.batch * p.outHeight * p.outWidth * p.channels;

export const forwardBindings = {
  x: { access: 'read', type: 'f32', length: inputSize },
  y: { access: 'write', type: 'f32', length: outputSize },
} as const satisfies Record<string, Binding<ResizeParams>>;

export const backwardBindings = {
  dY: { access: 'read', type: 'f32', length: outputSize },
  dX: { access: 'write', type: 'f32', length: inputSize },
} as const satisfies Record<string, Binding<ResizeParams>>;

/** The sizes as WGSL constants, for a kernel with so many threads. */
export const resizeConstants = (p: ResizeParams, threads: number): string =>
  constants({
    HEIGHT: { i32: p.height },
    WIDTH: { i32: p.width },
    CHANNELS: p.channels,
    OUT_H: { i32: p.outHeight },
    OUT_W: { i32: p.outWidth },
    THREADS: threads,
    ROW: flatRow(threads),
  });

/** The image, row, column and channel of an element, for the references. */
export function position(
  index: number,
  height: number,
  width: number,
  channels: number,
): { readonly n: number; readonly y: number; readonly x: number; readonly c: number } {
  const pixel = Math.floor(index / channels);
  return {
    n: Math.floor(pixel / (width * height)),
    y: Math.floor(pixel / width) % height,
    x: pixel % width,
    c: index % channels,
  };
}

/**
 * The most outputs of an axis that one input has a share in, where an output takes from inputs less than `reach` away.
 */
export const outputsPerInput = (size: number, out: number, reach: number): number =>
  Math.min(Math.ceil((2 * reach * out) / size) + 1, out);

const size = (
  batch: number,
  [height, width]: readonly [number, number],
  [outHeight, outWidth]: readonly [number, number],
  channels: number,
): ResizeParams => ({ batch, height, width, channels, outHeight, outWidth });

export const resizeCases: readonly ResizeParams[] = [
  size(1, [1, 1], [1, 1], 1),
  size(2, [1, 1], [3, 7], 3),
  size(2, [3, 7], [1, 1], 3),
  // Nothing changes.
  size(1, [7, 5], [7, 5], 3),
  // Larger and smaller, by whole numbers and not; centres that fall on centres and between them.
  size(1, [33, 2], [65, 6], 7),
  size(2, [7, 33], [3, 65], 1),
  size(1, [65, 129], [33, 7], 3),
  size(1, [12, 12], [4, 6], 33),
  size(3, [5, 3], [20, 17], 2),
  // Many outputs that lie beyond the outermost centres.
  size(1, [2, 3], [129, 65], 5),
  // What MobileNetV2 makes of the notebook's images.
  size(16, [28, 28], [64, 64], 1),
  size(16, [28, 28], [64, 64], 3),
];
