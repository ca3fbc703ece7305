/**
 * conv2d backward data as a matrix product (implicit GEMM), for real GPUs.
 *
 *   dX[pixel, ci] = finish(Σ_term dY[pixel, term] · W[term, ci])
 *
 * A row of the product is an input pixel (n, iy, ix), a term is a tap and an output channel (ky, kx, co). Both factors
 * are looked up in memory, where neighbouring terms are neighbouring output channels. With groups, each group of
 * columns has the dY of its output channels. How the work is spread over threads: gemm/product.ts. Timed by `pnpm anke
 * bench kernels --filter conv2d/backward-data --variant gemm64` (`gemm128`, `gemm32`).
 */
import { gemmVariants } from '../../gemm/product.js';
import { constants } from '../../runtime/wgsl.js';
import { tapDistance } from '../../window/dilation.js';
import { conv2dConstants } from '../geometry.js';
import { forGroups, groupOutputs, groupWgsl } from '../groups.js';
import { type Conv2dBackwardDataParams, finishWgsl } from './params.js';

export const gemm = gemmVariants<Conv2dBackwardDataParams>((p) => {
  const { ky, kx } = tapDistance(p);
  const { inputs, outputs } = groupWgsl(p);
  const firstOutput = forGroups(p, 'columnGroup * GROUP_OUT + ');
  return {
    rows: p.batch * p.height * p.width,
    columns: p.inChannels,
    groups: p.groups ?? 1,
    terms: p.kernelHeight * p.kernelWidth * groupOutputs(p),
    leftAlong: 'terms',
    rightAlong: 'terms',
    wgsl: `
${constants(conv2dConstants(p))}
${finishWgsl(p)}

// Channel co of the output that reads an input pixel by tap (ky, kx); zero if none does.
fn left(pixel: u32, term: u32) -> f32 {
  let co = term % ${outputs};
  let kx = term / ${outputs} % KERNEL_W;
  let ky = term / (${outputs} * KERNEL_W);
  let across = i32(pixel % WIDTH) + PAD_LEFT - i32(${kx});
  let down = i32(pixel / WIDTH % HEIGHT) + PAD_TOP - i32(${ky});
  if (across < 0 || down < 0) { return 0.0; }
  let ox = u32(across) / STRIDE_W;
  let oy = u32(down) / STRIDE_H;
  if (u32(across) % STRIDE_W != 0u || u32(down) % STRIDE_H != 0u || ox >= OUT_W || oy >= OUT_H) { return 0.0; }
  return dY[((pixel / (WIDTH * HEIGHT) * OUT_H + oy) * OUT_W + ox) * OUT + ${firstOutput}co];
}

fn right(term: u32, ci: u32) -> f32 {
  return w[(term / ${outputs} * ${inputs} + ci${forGroups(p, ' % GROUP_IN')}) * OUT + ${firstOutput}term % ${outputs}];
}

fn write(index: u32, ci: u32, sum: f32) {
  dX[index] = finish(sum, index);
}`,
  };
});
