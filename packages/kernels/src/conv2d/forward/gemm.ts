/**
 * conv2d forward as a matrix product (implicit GEMM), for real GPUs.
 *
 *   Y[pixel, co] = finish(bias[co] + Σ_term X[pixel, term] · W[term, co])
 *
 * A row of the product is an output pixel (n, oy, ox), a term is a tap (ky, kx, ci). W lies in memory as that matrix;
 * of X, an element is looked up under the tap. With groups, each group of columns has an X of its own. How the work is
 * spread over threads: gemm/product.ts. Timed by `pnpm anke bench kernels --filter conv2d/forward --variant gemm64`
 * (`gemm128`, `gemm32`).
 */
import { epilogueWgsl } from '../../epilogue/epilogue.js';
import { gemmVariants } from '../../gemm/product.js';
import { constants } from '../../runtime/wgsl.js';
import { tapDistance } from '../../window/dilation.js';
import { conv2dConstants } from '../geometry.js';
import { forGroups, groupInputs, groupWgsl } from '../groups.js';
import { biased, type Conv2dForwardParams } from './params.js';

export const gemm = gemmVariants<Conv2dForwardParams>((p) => {
  const { ky, kx } = tapDistance(p);
  const { inputs } = groupWgsl(p);
  const firstInput = forGroups(p, 'columnGroup * GROUP_IN + ');
  return {
    rows: p.batch * p.outHeight * p.outWidth,
    columns: p.outChannels,
    groups: p.groups ?? 1,
    terms: p.kernelHeight * p.kernelWidth * groupInputs(p),
    leftAlong: 'terms',
    rightAlong: 'columns',
    wgsl: `
${constants(conv2dConstants(p))}
${epilogueWgsl(p.epilogue)}

// The input under a tap of an output pixel; zero in the padding.
fn left(pixel: u32, tap: u32) -> f32 {
  let ci = tap % ${inputs};
  let kx = tap / ${inputs} % KERNEL_W;
  let ky = tap / (${inputs} * KERNEL_W);
  let ix = i32(pixel % OUT_W * STRIDE_W + ${kx}) - PAD_LEFT;
  let iy = i32(pixel / OUT_W % OUT_H * STRIDE_H + ${ky}) - PAD_TOP;
  if (ix < 0 || ix >= i32(WIDTH) || iy < 0 || iy >= i32(HEIGHT)) { return 0.0; }
  return f32(x[((pixel / (OUT_W * OUT_H) * HEIGHT + u32(iy)) * WIDTH + u32(ix)) * IN + ${firstInput}ci]);
}

fn right(tap: u32, co: u32) -> f32 {
  return w[tap * OUT + co];
}

fn write(index: u32, co: u32, sum: f32) {
  y[index] = y_t(finish(${biased(p, 'sum', 'bias[co]')}, index));
}`,
  };
});
