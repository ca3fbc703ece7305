/**
 * conv2d backward data, a thread an input: runs on every device. Read it before the other variants.
 *
 *   dX[n, iy, ix, ci] = finish(Σ_{ky, kx, co} dY[n, oy, ox, co] · W[ky, kx, ci, co])
 *   over the taps for which oy = (iy + top − ky·dh) / sh and ox = (ix + left − kx·dw) / sw are whole and inside
 *   the output;
 *   with groups, co runs over those of ci's group
 *
 * Thread i gathers element i of dX from the outputs that read it, so that no two threads add to the same element.
 * Timed by `pnpm anke bench kernels --filter conv2d/backward-data --variant plain`.
 */
import type { Variant } from '../../runtime/kernel.js';
import { constants, flatGrid, flatRow, opaque } from '../../runtime/wgsl.js';
import { tapDistance } from '../../window/dilation.js';
import { conv2dConstants, inputSize } from '../geometry.js';
import { forGroups, groupWgsl, isGrouped } from '../groups.js';
import { type Conv2dBackwardDataParams, finishWgsl } from './params.js';

export const plain: Variant<Conv2dBackwardDataParams> = {
  available: () => true,
  suits: isGrouped,
  grid: (p) => flatGrid(inputSize(p)),
  wgsl: (p) => {
    const { ky, kx } = tapDistance(p);
    const { inputs, outputs } = groupWgsl(p);
    const firstOutput = forGroups(p, ' + ci / GROUP_IN * GROUP_OUT');
    return `
${constants({ ...conv2dConstants(p), INPUTS: inputSize(p), ROW: flatRow(inputSize(p)) })}
${finishWgsl(p)}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= INPUTS) { return; }
  let ci = index % IN;
  let ix = index / IN % WIDTH;
  let iy = index / (IN * WIDTH) % HEIGHT;
  let n = index / (IN * WIDTH * HEIGHT);
  var sum = 0.0;
  for (var ky = 0u; ky < KERNEL_H; ky++) {
    let down = i32(iy) + PAD_TOP - i32(${ky});
    if (down < 0 || down % i32(STRIDE_H) != 0 || down / i32(STRIDE_H) >= i32(OUT_H)) { continue; }
    for (var kx = 0u; kx < KERNEL_W; kx++) {
      let across = i32(ix) + PAD_LEFT - i32(${kx});
      if (across < 0 || across % i32(STRIDE_W) != 0 || across / i32(STRIDE_W) >= i32(OUT_W)) { continue; }
      let source = ((n * OUT_H + u32(down) / STRIDE_H) * OUT_W + u32(across) / STRIDE_W) * OUT${firstOutput};
      let tap = ((ky * KERNEL_W + kx) * ${inputs} + ci${forGroups(p, ' % GROUP_IN')}) * OUT${firstOutput};
      // Unrolled, this took the compiler eight seconds for small images.
      for (var co = 0u; co < ${opaque(outputs, 'w')}; co++) {
        sum = fma(dY[source + co], w[tap + co], sum);
      }
    }
  }
  dX[index] = finish(sum, index);
}`;
  },
};
