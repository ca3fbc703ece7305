/**
 * Depthwise convolution forward, a thread an output: runs on every device. Read it before the others.
 *
 *   Y[n, oy, ox, co] = finish(bias[co] + Σ_{ky, kx} X[n, iy, ix, ci] · W[ky, kx, co])
 *   where iy = oy·sh + ky·dh − top and ix = ox·sw + kx·dw − left, with ci = ⌊co / multiplier⌋
 *
 * Thread i computes element i of Y: neighbouring threads are neighbouring channels, and read neighbouring inputs and
 * weights.
 * Timed by `pnpm anke bench kernels --filter depthwise/forward --variant plain`.
 */
import { epilogueWgsl } from '../../epilogue/epilogue.js';
import type { Variant } from '../../runtime/kernel.js';
import { constants, flatGrid, flatRow, opaque } from '../../runtime/wgsl.js';
import { tapDistance } from '../../window/dilation.js';
import { depthwiseConstants, outputSize } from '../geometry.js';
import { type DepthwiseForwardParams, start } from './params.js';

export const plain: Variant<DepthwiseForwardParams> = {
  available: () => true,
  // See strip.ts; elsewhere it takes several times as long.
  suits: (p) => p.epilogue.dropout !== undefined,
  grid: (p) => flatGrid(outputSize(p)),
  wgsl: (p) => {
    const { ky, kx } = tapDistance(p);
    return `
${constants({ ...depthwiseConstants(p), OUTPUTS: outputSize(p), ROW: flatRow(outputSize(p)) })}
${epilogueWgsl(p.epilogue)}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= OUTPUTS) { return; }
  let co = index % OUT;
  let ox = index / OUT % OUT_W;
  let oy = index / (OUT * OUT_W) % OUT_H;
  let n = index / (OUT * OUT_W * OUT_H);
  var sum = ${start(p)};
  for (var ky = 0u; ky < ${opaque('KERNEL_H', 'w')}; ky++) {
    let iy = i32(oy * STRIDE_H + ${ky}) - PAD_TOP;
    if (iy < 0 || iy >= i32(HEIGHT)) { continue; }
    let line = (n * HEIGHT + u32(iy)) * WIDTH;
    for (var kx = 0u; kx < ${opaque('KERNEL_W', 'w')}; kx++) {
      let ix = i32(ox * STRIDE_W + ${kx}) - PAD_LEFT;
      if (ix < 0 || ix >= i32(WIDTH)) { continue; }
      sum = fma(f32(x[(line + u32(ix)) * IN + co / MULTIPLIER]), w[(ky * KERNEL_W + kx) * OUT + co], sum);
    }
  }
  y[index] = y_t(finish(sum, index));
}`;
  },
};
