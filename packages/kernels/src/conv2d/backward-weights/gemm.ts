/**
 * conv2d backward weights as a matrix product (implicit GEMM), for real GPUs.
 *
 *   dW[tap, co] = Σ_pixel X[pixel, tap] · dY[pixel, co]        dBias[co] = Σ_pixel dY[pixel, co]
 *
 * A row of the product is a tap (ky, kx, ci), a term is an output pixel (n, oy, ox). dY lies in memory as that matrix;
 * of X, an element is looked up under the tap. With groups, each group of columns has an X of its own. How the work is
 * spread over threads: gemm/product.ts. Timed by
 * `pnpm anke bench kernels --filter conv2d/backward-weights --variant gemm64Split` (`gemm64`, and of 128 and 32).
 */
import { gemmVariants } from '../../gemm/product.js';
import { BUSY, TILES, tileCount } from '../../gemm/tiles.js';
import { constants } from '../../runtime/wgsl.js';
import { tapDistance } from '../../window/dilation.js';
import { type Conv2dParams, conv2dConstants } from '../geometry.js';
import { forGroups, groupInputs, groupOutputs, groupWgsl } from '../groups.js';
import { forBias, rowsPerSplit, type SplitParams } from './params.js';

const shape = (p: Conv2dParams): { readonly rows: number; readonly columns: number; readonly groups: number } => ({
  rows: p.kernelHeight * p.kernelWidth * groupInputs(p),
  columns: p.outChannels,
  groups: p.groups ?? 1,
});

/** Tiles of middle size that the whole product takes. */
const tiles = (p: Conv2dParams): number => {
  const { rows, groups } = shape(p);
  return tileCount(TILES.middle, { rows, columns: groupOutputs(p) }) * groups;
};

/** Workgroups that the splits should make, roughly, and the least number of pixels in a split. */
const GROUPS = 512;
const LEAST_PIXELS = 256;
const MAX_SPLITS = 256;

/** Splits that give a large device enough work. */
export function gemmSplits(p: Conv2dParams): number {
  const pixels = p.batch * p.outHeight * p.outWidth;
  const busy = Math.ceil(GROUPS / tiles(p));
  return Math.max(1, Math.min(busy, Math.ceil(pixels / LEAST_PIXELS), p.batch * p.outHeight, MAX_SPLITS));
}

/** Whether a device is busy without splits. */
export const isBusy = (p: Conv2dParams): boolean => gemmSplits(p) === 1 || tiles(p) >= BUSY;

export const gemm = gemmVariants<SplitParams>((p) => {
  const { ky, kx } = tapDistance(p);
  const { inputs } = groupWgsl(p);
  const firstInput = forGroups(p, 'columnGroup * GROUP_IN + ');
  return {
    ...shape(p),
    terms: p.batch * p.outHeight * p.outWidth,
    ...(p.splits === 1 ? {} : { parts: { count: p.splits, terms: rowsPerSplit(p) * p.outWidth } }),
    leftAlong: 'rows',
    rightAlong: 'columns',
    columnSums: p.bias,
    wgsl: `
${constants(conv2dConstants(p))}

// The input under a tap of an output pixel; zero in the padding.
fn left(tap: u32, pixel: u32) -> f32 {
  let ci = tap % ${inputs};
  let kx = tap / ${inputs} % KERNEL_W;
  let ky = tap / (${inputs} * KERNEL_W);
  let ix = i32(pixel % OUT_W * STRIDE_W + ${kx}) - PAD_LEFT;
  let iy = i32(pixel / OUT_W % OUT_H * STRIDE_H + ${ky}) - PAD_TOP;
  if (ix < 0 || ix >= i32(WIDTH) || iy < 0 || iy >= i32(HEIGHT)) { return 0.0; }
  return f32(x[((pixel / (OUT_W * OUT_H) * HEIGHT + u32(iy)) * WIDTH + u32(ix)) * IN + ${firstInput}ci]);
}

fn right(pixel: u32, co: u32) -> f32 {
  return dY[pixel * OUT + co];
}

fn write(index: u32, co: u32, sum: f32) {
  writeWeight(index, sum);
}
${forBias(p, 'fn writeColumnSum(index: u32, sum: f32) { writeBias(index, sum); }')}`,
  };
});
