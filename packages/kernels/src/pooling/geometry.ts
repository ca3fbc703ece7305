/** Windows of a pooling over an NHWC tensor: sizes, their WGSL constants, and what kernels and references share. */
import { type Padding, type WindowParams, windowConstants, windowParams } from '../window/geometry.js';

export interface PoolParams extends WindowParams {
  readonly batch: number;
  readonly channels: number;
  readonly poolHeight: number;
  readonly poolWidth: number;
}

/**
 * A pooling's sizes from what a layer knows.
 *
 * @param options.stride the window's size if absent
 * @throws KernelError if the window does not fit into the image
 */
export function poolParams(options: {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly pool: readonly [height: number, width: number];
  readonly stride?: readonly [height: number, width: number];
  readonly padding?: Padding;
}): PoolParams {
  const { batch, height, width, channels, pool, stride = pool, padding = 'valid' } = options;
  const [poolHeight, poolWidth] = pool;
  return { batch, channels, poolHeight, poolWidth, ...windowParams({ height, width, window: pool, stride, padding }) };
}

export const poolInputs = (p: PoolParams): number => p.batch * p.height * p.width * p.channels;
export const poolOutputs = (p: PoolParams): number => p.batch * p.outHeight * p.outWidth * p.channels;

/** The most windows that cover one input. */
export const windowsPerInput = (p: PoolParams): number =>
  Math.ceil(p.poolHeight / p.strideHeight) * Math.ceil(p.poolWidth / p.strideWidth);

/** The sizes as WGSL constants, under the names that the shaders use. */
export const poolConstants = (p: PoolParams): Record<string, number | { i32: number }> => ({
  CHANNELS: p.channels,
  POOL_H: p.poolHeight,
  POOL_W: p.poolWidth,
  ...windowConstants(p),
});

/**
 * Visits the inputs under the window of an output that lie inside the image, by ky, then by kx.
 *
 * @param visit takes the input's index and its offset in the window, ky · poolWidth + kx
 */
export function visitWindow(p: PoolParams, output: number, visit: (input: number, offset: number) => void): void {
  const c = output % p.channels;
  const ox = Math.floor(output / p.channels) % p.outWidth;
  const oy = Math.floor(output / (p.channels * p.outWidth)) % p.outHeight;
  const n = Math.floor(output / (p.channels * p.outWidth * p.outHeight));
  for (let ky = 0; ky < p.poolHeight; ky++)
    for (let kx = 0; kx < p.poolWidth; kx++) {
      const iy = oy * p.strideHeight + ky - p.padTop;
      const ix = ox * p.strideWidth + kx - p.padLeft;
      if (iy < 0 || iy >= p.height || ix < 0 || ix >= p.width) continue;
      visit(((n * p.height + iy) * p.width + ix) * p.channels + c, ky * p.poolWidth + kx);
    }
}

export const poolCases: readonly PoolParams[] = [
  poolParams({ batch: 1, height: 1, width: 1, channels: 1, pool: [1, 1] }),
  poolParams({ batch: 1, height: 7, width: 7, channels: 3, pool: [7, 7] }),
  poolParams({ batch: 2, height: 7, width: 33, channels: 7, pool: [2, 3] }),
  poolParams({ batch: 1, height: 65, width: 9, channels: 33, pool: [3, 3], stride: [2, 2] }),
  poolParams({ batch: 3, height: 9, width: 9, channels: 129, pool: [3, 2], stride: [1, 1] }),
  poolParams({ batch: 1, height: 8, width: 8, channels: 5, pool: [2, 2], stride: [3, 3] }),
  poolParams({ batch: 2, height: 7, width: 8, channels: 3, pool: [3, 3], stride: [2, 2], padding: 'same' }),
  // The notebook's: the second leaves a row and a column unread.
  poolParams({ batch: 32, height: 26, width: 26, channels: 32, pool: [2, 2] }),
  poolParams({ batch: 32, height: 7, width: 7, channels: 64, pool: [2, 2] }),
];
