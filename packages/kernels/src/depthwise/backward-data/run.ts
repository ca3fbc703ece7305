/**
 * Depthwise convolution backward data, a thread a run of RUN neighbouring inputs of one row and channel.
 *
 *   dX[n, iy, left + i, ci] = finish(Σ_{oy, m, kx} gradients[ox − first] · W[ky, kx, ci, m])   for i < RUN
 *   over the windows' rows oy that cover the row, with ky·dh = iy + top − oy·sh, and the taps for which
 *   ox = (left + i + padding − kx·dw) / sw is whole
 *
 * Runs begin at multiples of sw, so that the pairs (i, kx) that meet are the same in all runs, and known to the
 * compiler. For each row of windows a thread loads the COLUMNS gradients whose windows touch the run, and kw weights.
 * Neighbouring threads are neighbouring channels.
 * On lavapipe it takes a quarter of `plain`'s time with a stride of 1, a third with a stride of 2.
 * Timed by `pnpm anke bench kernels --filter depthwise/backward-data --variant run`.
 */

import type { Variant } from '../../runtime/kernel.js';
import { constants, flatGrid, flatRow, opaque } from '../../runtime/wgsl.js';
import { coverage, tapDistance } from '../../window/dilation.js';
import { FIRST_WINDOW_WGSL } from '../../window/geometry.js';
import { depthwiseConstants } from '../geometry.js';
import { fitsRegisters, runLength } from '../run.js';
import { type DepthwiseBackwardDataParams, finishWgsl } from './params.js';

const length = (p: DepthwiseBackwardDataParams): number => runLength(p.width, p.strideWidth);
const runs = (p: DepthwiseBackwardDataParams): number => Math.ceil(p.width / length(p));
const threads = (p: DepthwiseBackwardDataParams): number => p.batch * p.height * runs(p) * p.channels;

/** The columns of windows that touch the run that begins at the image's left edge: the first, and their number. */
function columns(p: DepthwiseBackwardDataParams): { readonly first: number; readonly count: number } {
  const first = Math.ceil((p.padLeft - coverage(p).width + 1) / p.strideWidth);
  const last = Math.floor((p.padLeft + length(p) - 1) / p.strideWidth);
  return { first, count: last - first + 1 };
}

export const run: Variant<DepthwiseBackwardDataParams> = {
  available: fitsRegisters,
  suits: (p) => runs(p) < p.width,
  grid: (p) => flatGrid(threads(p)),
  wgsl: (p) => {
    const { kx } = tapDistance(p);
    const window = p.dilation ? `${coverage(p).height}u` : 'KERNEL_H';
    // Between the rows of a dilated kernel's taps there is nothing to add.
    const [skip, ky] = p.dilation
      ? ['\n    if ((row - oy * STRIDE_H) % DILATION_H != 0u) { continue; }', '(row - oy * STRIDE_H) / DILATION_H']
      : ['', '(row - oy * STRIDE_H)'];
    return `
${constants({
  ...depthwiseConstants(p),
  RUN: length(p),
  RUNS: runs(p),
  FIRST: { i32: columns(p).first },
  COLUMNS: columns(p).count,
  THREADS: threads(p),
  ROW: flatRow(threads(p)),
})}
${FIRST_WINDOW_WGSL}
${finishWgsl(p)}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= THREADS) { return; }
  let ci = index % IN;
  let left = index / IN % RUNS * RUN;
  let line = index / (IN * RUNS);
  let row = line % HEIGHT + u32(PAD_TOP);
  let n = line / HEIGHT;
  let firstColumn = i32(left / STRIDE_W) + FIRST;
  var sums = array<f32, RUN>();
  for (var oy = firstWindow(row, ${window}, STRIDE_H); oy < OUT_H && oy * STRIDE_H <= row; oy++) {${skip}
    for (var m = 0u; m < ${opaque('MULTIPLIER', 'w')}; m++) {
      let co = ci * MULTIPLIER + m;
      var gradients = array<f32, COLUMNS>();
      for (var j = 0u; j < COLUMNS; j++) {
        let ox = firstColumn + i32(j);
        let source = (n * OUT_H + oy) * OUT_W + u32(clamp(ox, 0, i32(OUT_W) - 1));
        gradients[j] = select(0.0, dY[source * OUT + co], (ox >= 0) & (ox < i32(OUT_W)));
      }
      for (var kx = 0u; kx < KERNEL_W; kx++) {
        let weight = w[(${ky} * KERNEL_W + kx) * OUT + co];
        for (var i = 0u; i < RUN; i++) {
          let distance = i32(i) + PAD_LEFT - i32(${kx});
          if (distance % i32(STRIDE_W) == 0) {
            sums[i] = fma(gradients[distance / i32(STRIDE_W) - FIRST], weight, sums[i]);
          }
        }
      }
    }
  }
  for (var i = 0u; i < RUN; i++) {
    if (left + i < WIDTH) {
      let input = (line * WIDTH + left + i) * IN + ci;
      dX[input] = finish(sums[i], input);
    }
  }
}`;
  },
};
