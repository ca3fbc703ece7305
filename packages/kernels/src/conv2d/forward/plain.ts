/**
 * conv2d forward, a thread an output: runs on every device. Read it before the other variants.
 *
 *   Y[n, oy, ox, co] = finish(bias[co] + Σ_{ky, kx, ci} X[n, iy, ix, ci] · W[ky, kx, ci, co])
 *   where iy = oy·sh + ky·dh − top and ix = ox·sw + kx·dw − left; with groups, ci runs over those of co's group
 *
 * Thread i computes element i of Y, so that neighbouring threads read neighbouring weights.
 * Timed by `pnpm anke bench kernels --filter conv2d/forward --variant plain`.
 */
import { epilogueWgsl } from '../../epilogue/epilogue.js';
import type { Variant } from '../../runtime/kernel.js';
import { constants, flatGrid, flatRow, opaque } from '../../runtime/wgsl.js';
import { tapDistance } from '../../window/dilation.js';
import { conv2dConstants, outputSize } from '../geometry.js';
import { forGroups, groupWgsl, isGrouped } from '../groups.js';
import { biased, type Conv2dForwardParams } from './params.js';

/** Multiplications that a compiler may write out one by one. */
const MOST_UNROLLED = 64;

export const plain: Variant<Conv2dForwardParams> = {
  available: () => true,
  suits: isGrouped,
  grid: (p) => flatGrid(outputSize(p)),
  wgsl: (p) => {
    const { ky, kx } = tapDistance(p);
    const { inputs } = groupWgsl(p);
    // Unrolled, 5 × 5 taps of 32 channels took lavapipe's compiler 14 seconds, a dilated kernel over 33 channels 16.
    const isLong = p.kernelHeight * p.kernelWidth * p.inChannels > MOST_UNROLLED;
    const channels = isLong || p.dilation || isGrouped(p) ? opaque(inputs, 'w') : inputs;
    return `
${constants({ ...conv2dConstants(p), OUTPUTS: outputSize(p), ROW: flatRow(outputSize(p)) })}
${epilogueWgsl(p.epilogue)}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= OUTPUTS) { return; }
  let co = index % OUT;
  let ox = index / OUT % OUT_W;
  let oy = index / (OUT * OUT_W) % OUT_H;
  let n = index / (OUT * OUT_W * OUT_H);
  var sum = 0.0;
  for (var ky = 0u; ky < KERNEL_H; ky++) {
    let iy = i32(oy * STRIDE_H + ${ky}) - PAD_TOP;
    if (iy < 0 || iy >= i32(HEIGHT)) { continue; }
    for (var kx = 0u; kx < KERNEL_W; kx++) {
      let ix = i32(ox * STRIDE_W + ${kx}) - PAD_LEFT;
      if (ix < 0 || ix >= i32(WIDTH)) { continue; }
      let source = ((n * HEIGHT + u32(iy)) * WIDTH + u32(ix)) * IN${forGroups(p, ' + co / GROUP_OUT * GROUP_IN')};
      let tap = (ky * KERNEL_W + kx) * ${inputs} * OUT + co;
      for (var ci = 0u; ci < ${channels}; ci++) {
        sum = fma(f32(x[source + ci]), w[tap + ci * OUT], sum);
      }
    }
  }
  y[index] = y_t(finish(${biased(p, 'sum', 'bias[co]')}, index));
}`;
  },
};
