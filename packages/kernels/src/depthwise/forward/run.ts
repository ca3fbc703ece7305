/**
 * Depthwise convolution forward, a thread a run of RUN neighbouring pixels of one output row and channel.
 *
 *   Y[n, oy, left + i, co] = finish(bias[co] + Σ_{ky, kx} pixels_ky[i·sw + kx·dw] · W[ky, kx, co])   for i < RUN
 *
 * A depthwise convolution has few products for each number that it reads; its time is its loads. For each kernel row a
 * thread loads the COLUMNS = (RUN − 1)·sw + (kw − 1)·dw + 1 inputs under the run and kw weights, for RUN · kw products:
 * with 3 × 3 taps and a run of 8, 13 loads for 24 products where `plain` needs 48. Neighbouring threads are
 * neighbouring channels. On lavapipe a run takes a quarter of `plain`'s time with a stride of 1, a third with a stride
 * of 2.
 *
 * Timed by `pnpm anke bench kernels --filter depthwise/forward --variant run`.
 */
import { epilogueWgsl } from '../../epilogue/epilogue.js';
import type { Variant } from '../../runtime/kernel.js';
import { constants, flatGrid, flatRow, opaque } from '../../runtime/wgsl.js';
import { coverage, tapDistance } from '../../window/dilation.js';
import { depthwiseConstants, outChannels } from '../geometry.js';
import { fitsRegisters, runLength } from '../run.js';
import { type DepthwiseForwardParams, start } from './params.js';

const runs = (p: DepthwiseForwardParams): number => Math.ceil(p.outWidth / runLength(p.outWidth));
const threads = (p: DepthwiseForwardParams): number => p.batch * p.outHeight * runs(p) * outChannels(p);

export const run: Variant<DepthwiseForwardParams> = {
  available: fitsRegisters,
  // The random numbers of a dropout, written out for each pixel of a run, take half a second to compile.
  suits: (p) => runLength(p.outWidth) > 1 && p.epilogue.dropout === undefined,
  grid: (p) => flatGrid(threads(p)),
  wgsl: (p) => {
    const { ky, kx } = tapDistance(p);
    return `
${constants({
  ...depthwiseConstants(p),
  RUN: runLength(p.outWidth),
  RUNS: runs(p),
  COLUMNS: (runLength(p.outWidth) - 1) * p.strideWidth + coverage(p).width,
  THREADS: threads(p),
  ROW: flatRow(threads(p)),
})}
${epilogueWgsl(p.epilogue)}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= THREADS) { return; }
  let co = index % OUT;
  let left = index / OUT % RUNS * RUN;
  let row = index / (OUT * RUNS);
  let oy = row % OUT_H;
  let n = row / OUT_H;
  var sums = array<f32, RUN>();
  for (var i = 0u; i < RUN; i++) { sums[i] = ${start(p)}; }
  for (var ky = 0u; ky < ${opaque('KERNEL_H', 'w')}; ky++) {
    let iy = i32(oy * STRIDE_H + ${ky}) - PAD_TOP;
    if (iy < 0 || iy >= i32(HEIGHT)) { continue; }
    let line = (n * HEIGHT + u32(iy)) * WIDTH * IN + co / MULTIPLIER;
    var pixels = array<f32, COLUMNS>();
    for (var j = 0u; j < COLUMNS; j++) {
      let ix = i32(left * STRIDE_W + j) - PAD_LEFT;
      let inside = (ix >= 0) & (ix < i32(WIDTH));
      pixels[j] = select(0.0, f32(x[line + u32(clamp(ix, 0, i32(WIDTH) - 1)) * IN]), inside);
    }
    for (var kx = 0u; kx < KERNEL_W; kx++) {
      let weight = w[(ky * KERNEL_W + kx) * OUT + co];
      for (var i = 0u; i < RUN; i++) { sums[i] = fma(pixels[i * STRIDE_W + ${kx}], weight, sums[i]); }
    }
  }
  for (var i = 0u; i < RUN; i++) {
    if (left + i < OUT_W) {
      let output = (row * OUT_W + left + i) * OUT + co;
      y[output] = y_t(finish(sums[i], output));
    }
  }
}`;
  },
};
