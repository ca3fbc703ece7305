/**
 * conv2d backward weights, a thread a weight: runs on every device. Read it before the other variants.
 *
 *   dW[ky, kx, ci, co] = Σ_{n, oy, ox} X[n, oy·sh + ky·dh − top, ox·sw + kx·dw − left, ci] · dY[n, oy, ox, co]
 *   dBias[co] = Σ_{n, oy, ox} dY[n, oy, ox, co]
 *   with groups, ci is counted from the first of co's group
 *
 * Thread i walks over all output pixels for element i of dW; the threads behind those of the weights sum the bias.
 * Timed by `pnpm anke bench kernels --filter conv2d/backward-weights --variant plain`.
 */
import type { Variant } from '../../runtime/kernel.js';
import { constants, flatGrid, flatRow } from '../../runtime/wgsl.js';
import { tapDistance } from '../../window/dilation.js';
import { conv2dConstants, kernelSize } from '../geometry.js';
import { forGroups, groupWgsl, isGrouped } from '../groups.js';
import { forBias, type SplitParams } from './params.js';

const threads = (p: SplitParams): number => kernelSize(p) + (p.bias ? p.outChannels : 0);

const sumBias = `
  if (index < WEIGHTS + OUT) {
    let co = index - WEIGHTS;
    var total = 0.0;
    for (var row = 0u; row < ROWS_PER_SPLIT; row++) {
      // Summed by itself first: a long chain of additions to a sum that has grown loses digits each time.
      var rowTotal = 0.0;
      for (var ox = 0u; ox < OUT_W; ox++) { rowTotal += dY[(row * OUT_W + ox) * OUT + co]; }
      total += rowTotal;
    }
    writeBias(co, total);
  }`;

export const plain: Variant<SplitParams> = {
  available: ({ splits }) => splits === 1,
  suits: isGrouped,
  grid: (p) => flatGrid(threads(p)),
  wgsl: (p) => {
    const { ky, kx } = tapDistance(p);
    const { inputs } = groupWgsl(p);
    const firstInput = forGroups(p, 'co / GROUP_OUT * GROUP_IN + ');
    return `
${constants({ ...conv2dConstants(p), WEIGHTS: kernelSize(p), ROW: flatRow(threads(p)) })}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index < WEIGHTS) {
    sumWeight(index);
    return;
  }${forBias(p, sumBias)}
}

fn sumWeight(index: u32) {
  let co = index % OUT;
  let ci = index / OUT % ${inputs};
  let kx = index / (OUT * ${inputs}) % KERNEL_W;
  let ky = index / (OUT * ${inputs} * KERNEL_W);
  var sum = 0.0;
  for (var row = 0u; row < ROWS_PER_SPLIT; row++) {
    let iy = i32(row % OUT_H * STRIDE_H + ${ky}) - PAD_TOP;
    if (iy < 0 || iy >= i32(HEIGHT)) { continue; }
    let line = (row / OUT_H * HEIGHT + u32(iy)) * WIDTH;
    for (var ox = 0u; ox < OUT_W; ox++) {
      let ix = i32(ox * STRIDE_W + ${kx}) - PAD_LEFT;
      if (ix < 0 || ix >= i32(WIDTH)) { continue; }
      sum = fma(f32(x[(line + u32(ix)) * IN + ${firstInput}ci]), dY[(row * OUT_W + ox) * OUT + co], sum);
    }
  }
  writeWeight(index, sum);
}`;
  },
};
