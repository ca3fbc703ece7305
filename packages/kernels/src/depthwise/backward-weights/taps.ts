/**
 * Depthwise convolution backward weights in two dispatches: a thread all taps of one channel over one part of the
 * output rows, then a thread a weight that joins the parts (window/join-weights.ts).
 *
 *   weightParts[s, ky, kx, co] = Σ_{(n, oy) in part s, ox} X[n, iy, ix, ci] · dY[n, oy, ox, co]
 *   with iy = oy·sh + ky·dh − top and ix = ox·sw + kx·dw − left inside the image
 *
 * A thread walks along the rows of its part with the inputs under the window in registers. At each step the window
 * moves by sw columns: what stays is moved along, what is new is loaded, so that with 3 × 3 taps and a stride of 1
 * there are 4 loads for 9 products where `plain` needs 18. Where taps of a row lie apart, nothing stays. Neighbouring
 * threads are neighbouring channels. There are as many parts as keep the device busy. On lavapipe it takes about a
 * third of `plain`'s time; of 16 images of 2 × 2 pixels, as much. Timed by
 * `pnpm anke bench kernels --filter depthwise/backward-weights --variant taps`.
 */
import type { Traits, Variant } from '../../runtime/kernel.js';
import { constants, flatGrid, flatRow, opaque } from '../../runtime/wgsl.js';
import { tapDistance } from '../../window/dilation.js';
import { joinWeights } from '../../window/join-weights.js';
import { depthwiseConstants, kernelSize, outChannels } from '../geometry.js';
import type { DepthwiseBackwardWeightsParams } from './params.js';

/** Taps whose sums, and whose inputs, fit into registers. */
const MAX_TAPS = 25;
/** The most parts: the second dispatch adds as many numbers one after the other. */
const MAX_PARTS = 256;
/** Threads that keep a device busy: a CPU's few cores, a GPU's many. */
const BUSY = { software: 2048, hardware: 32768 };

const rows = (p: DepthwiseBackwardWeightsParams): number => p.batch * p.outHeight;

function rowsPerPart(p: DepthwiseBackwardWeightsParams, { software }: Traits): number {
  const parts = Math.ceil((software ? BUSY.software : BUSY.hardware) / outChannels(p));
  return Math.ceil(rows(p) / Math.min(parts, MAX_PARTS));
}

const parts = (p: DepthwiseBackwardWeightsParams, traits: Traits): number =>
  Math.ceil(rows(p) / rowsPerPart(p, traits));
const threads = (p: DepthwiseBackwardWeightsParams, traits: Traits): number => parts(p, traits) * outChannels(p);

/** Columns of the window that are still under it after a step. */
const kept = ({ kernelWidth, strideWidth, dilation }: DepthwiseBackwardWeightsParams): number =>
  dilation && dilation[1] > 1 ? 0 : Math.max(kernelWidth - strideWidth, 0);

export const taps: Variant<DepthwiseBackwardWeightsParams> = {
  available: (p) => p.kernelHeight * p.kernelWidth <= MAX_TAPS,
  bindings: ({ bias }) => ['x', 'dY', 'weightParts', ...(bias ? ['biasParts'] : [])],
  grid: (p, traits) => flatGrid(threads(p, traits)),
  wgsl: (p, traits) => {
    const { ky, kx } = tapDistance(p);
    const newPixel = `window[line + kx] = pixel(n, top + i32(${ky}), left + i32(${kx}), ci);`;
    return `
${constants({
  ...depthwiseConstants(p),
  TAPS: p.kernelHeight * p.kernelWidth,
  KEPT: kept(p),
  ROWS_PER_PART: rowsPerPart(p, traits),
  THREADS: threads(p, traits),
  ROW: flatRow(threads(p, traits)),
})}

/** Input (n, iy, ix, ci); zero outside the image. */
fn pixel(n: u32, iy: i32, ix: i32, ci: u32) -> f32 {
  let line = n * HEIGHT + u32(clamp(iy, 0, i32(HEIGHT) - 1));
  let index = (line * WIDTH + u32(clamp(ix, 0, i32(WIDTH) - 1))) * IN + ci;
  return select(0.0, f32(x[index]), (iy >= 0) & (iy < i32(HEIGHT)) & (ix >= 0) & (ix < i32(WIDTH)));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= THREADS) { return; }
  let co = index % OUT;
  let ci = co / MULTIPLIER;
  let part = index / OUT;
  var sums = array<f32, TAPS>();
  var total = 0.0;
  for (var row = part * ROWS_PER_PART; row < min((part + 1u) * ROWS_PER_PART, BATCH * OUT_H); row++) {
    let n = row / OUT_H;
    let top = i32(row % OUT_H * STRIDE_H) - PAD_TOP;
    // (KERNEL_H, KERNEL_W): before the first step, the window stands one step before the row's first.
    var window = array<f32, TAPS>();
    for (var ky = 0u; ky < KERNEL_H; ky++) {
      for (var kx = 0u; kx < KEPT; kx++) {
        window[ky * KERNEL_W + kx + STRIDE_W] = pixel(n, top + i32(${ky}), i32(kx) - PAD_LEFT, ci);
      }
    }
    for (var ox = 0u; ox < ${opaque('OUT_W', 'dY')}; ox++) {
      let left = i32(ox * STRIDE_W) - PAD_LEFT;
      for (var ky = 0u; ky < KERNEL_H; ky++) {
        let line = ky * KERNEL_W;
        for (var kx = 0u; kx < KEPT; kx++) { window[line + kx] = window[line + kx + STRIDE_W]; }
        for (var kx = KEPT; kx < KERNEL_W; kx++) { ${newPixel} }
      }
      let gradient = dY[(row * OUT_W + ox) * OUT + co];
      for (var tap = 0u; tap < TAPS; tap++) { sums[tap] = fma(window[tap], gradient, sums[tap]); }
      total += gradient;
    }
  }
  for (var tap = 0u; tap < TAPS; tap++) { weightParts[(part * TAPS + tap) * OUT + co] = sums[tap]; }
  ${p.bias ? 'biasParts[part * OUT + co] = total;' : ''}
}`;
  },
  join: joinWeights<DepthwiseBackwardWeightsParams>({ weights: kernelSize, outputs: outChannels, parts }),
};
