/**
 * Depthwise convolution backward data, a thread an input: runs on every device. Read it before the others.
 *
 *   dX[n, iy, ix, ci] = finish(Σ_{oy, ox, m} dY[n, oy, ox, ci · multiplier + m] · W[ky, kx, ci, m])
 *   over the windows (oy, ox) that cover the input, with ky·dh = iy + top − oy·sh and kx·dw = ix + left − ox·sw
 *
 * Thread i gathers element i of dX from the outputs that read it, so that no two threads add to the same element;
 * neighbouring threads are neighbouring channels.
 * Timed by `pnpm anke bench kernels --filter depthwise/backward-data --variant plain`.
 */

import type { Variant } from '../../runtime/kernel.js';
import { constants, flatGrid, flatRow, opaque } from '../../runtime/wgsl.js';
import { coverage } from '../../window/dilation.js';
import { FIRST_WINDOW_WGSL } from '../../window/geometry.js';
import { depthwiseConstants, inputSize } from '../geometry.js';
import { type DepthwiseBackwardDataParams, finishWgsl } from './params.js';

/** WGSL of the tap by which window (oy, ox) reads the input; between the taps of a dilated kernel there is none. */
const tapWgsl = ({ dilation }: DepthwiseBackwardDataParams): string =>
  dilation
    ? `      let down = row - oy * STRIDE_H;
      let across = column - ox * STRIDE_W;
      if (down % DILATION_H != 0u || across % DILATION_W != 0u) { continue; }
      let tap = (down / DILATION_H * KERNEL_W + across / DILATION_W) * OUT + ci * MULTIPLIER;`
    : `      let tap = ((row - oy * STRIDE_H) * KERNEL_W + column - ox * STRIDE_W) * OUT + ci * MULTIPLIER;`;

export const plain: Variant<DepthwiseBackwardDataParams> = {
  available: () => true,
  suits: () => false,
  grid: (p) => flatGrid(inputSize(p)),
  wgsl: (p) => {
    const { height, width } = coverage(p);
    const window = p.dilation
      ? { height: `${height}u`, width: `${width}u` }
      : { height: 'KERNEL_H', width: 'KERNEL_W' };
    return `
${constants({ ...depthwiseConstants(p), INPUTS: inputSize(p), ROW: flatRow(inputSize(p)) })}
${FIRST_WINDOW_WGSL}
${finishWgsl(p)}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= INPUTS) { return; }
  let ci = index % IN;
  let column = index / IN % WIDTH + u32(PAD_LEFT);
  let row = index / (IN * WIDTH) % HEIGHT + u32(PAD_TOP);
  let n = index / (IN * WIDTH * HEIGHT);
  var sum = 0.0;
  for (var oy = firstWindow(row, ${window.height}, STRIDE_H); oy < OUT_H && oy * STRIDE_H <= row; oy++) {
    for (var ox = firstWindow(column, ${window.width}, STRIDE_W); ox < OUT_W && ox * STRIDE_W <= column; ox++) {
      let source = ((n * OUT_H + oy) * OUT_W + ox) * OUT + ci * MULTIPLIER;
${tapWgsl(p)}
      for (var m = 0u; m < ${opaque('MULTIPLIER', 'w')}; m++) { sum = fma(dY[source + m], w[tap + m], sum); }
    }
  }
  dX[index] = finish(sum, index);
}`;
  },
};
