/**
 * conv2d forward for software GPUs, whose time goes into loads: an input is loaded once for all taps of a kernel row.
 *
 * A subgroup computes a run of TILE pixels of one output row, for COLUMNS lane-fulls of output channels, a channel a
 * lane. For each kernel row and each lane-full of input channels, lane j loads channel j of all input pixels under the
 * run; a product's factor comes from there by `subgroupBroadcast`, so that one load serves all lanes, taps and output
 * channels. A kernel row is summed by itself and then added, which keeps the rounding error small.
 *
 * Timed by `pnpm anke bench kernels --filter conv2d/forward --variant subgroup`. Tried on lavapipe and lost: several
 * rows in the registers (4 × 9 pixels × 8 channels: 8.8 GFLOP/s, 1 × 9 × 16: 11.7), and shuffles with a running lane in
 * place of broadcasts with a constant one (4.3 to 11.5).
 */
import { epilogueWgsl } from '../../epilogue/epilogue.js';
import type { Traits, Variant } from '../../runtime/kernel.js';
import { constants, subgroupEntryPoint } from '../../runtime/wgsl.js';
import { coverage, tapDistance } from '../../window/dilation.js';
import { conv2dConstants } from '../geometry.js';
import { suitsPointwise } from '../pointwise.js';
import { isUnrolled, tileWidth } from '../tile.js';
import { range, unroll } from '../unrolled.js';
import { biased, type Conv2dForwardParams } from './params.js';

/**
 * Lane-fulls of output channels that one subgroup computes: more of them where the input has few channels to share
 * loads, one where there is a single tap and little to share, for the compiler's sake.
 */
function columnsOf(p: Conv2dForwardParams, { subgroupSize }: Traits): number {
  const groups = Math.ceil(p.outChannels / subgroupSize);
  if (p.kernelWidth === 1) return 1;
  return Math.min(groups, p.inChannels < subgroupSize ? 4 : 2);
}

/** The products of the chunk's input channel j with the weights of tap (ky, kx), for all pixels of the run. */
const products = (kx: string, j: number): string => `
        if (IN % CHUNK == 0u || ci + ${j}u < IN) {
          for (var c = 0u; c < COLUMNS; c++) {
            let weight = w[taps + (kx * IN + ${j}u) * OUT + channel[c]];
            for (var i = 0u; i < TILE; i++) {
              let factor = subgroupBroadcast(pixels[i * STRIDE_W + ${kx}], ${j}u);
              part[i * COLUMNS + c] = fma(factor, weight, part[i * COLUMNS + c]);
            }
          }
        }`;

const write = (p: Conv2dForwardParams): string => `
  for (var i = 0u; i < TILE; i++) {
    if (left + i < OUT_W) {
      for (var c = 0u; c < COLUMNS; c++) {
        if (firstChannel + c * LANES < OUT) {
          let output = (row * OUT_W + left + i) * OUT + channel[c];
          y[output] = y_t(finish(${biased(p, 'sum[i * COLUMNS + c]', 'bias[channel[c]]')}, output));
        }
      }
    }
  }`;

/** Random numbers are long to compile: with a dropout, the sums are written in a loop that is not unrolled. */
const writeDropped = (p: Conv2dForwardParams): string => `
  var sums = sum;
  for (var i = 0u; i < min(TILE, OUT_W - left); i++) {
    for (var c = 0u; c < min(COLUMNS, (OUT - min(firstChannel, OUT) + LANES - 1u) / LANES); c++) {
      let co = firstChannel + c * LANES;
      let output = (row * OUT_W + left + i) * OUT + co;
      y[output] = y_t(finish(${biased(p, 'sums[i * COLUMNS + c]', 'bias[co]')}, output));
    }
  }`;

export const subgroup: Variant<Conv2dForwardParams> = {
  subgroups: true,
  available: (p) => isUnrolled(p) && p.strideWidth <= 2,
  suits: (p, traits) => traits.software && !suitsPointwise(p, traits),
  grid: (p, traits) => {
    const rows = p.batch * p.outHeight;
    const channels = Math.ceil(p.outChannels / (traits.subgroupSize * columnsOf(p, traits)));
    return [Math.min(rows, 65535), Math.ceil(rows / 65535), Math.ceil(p.outWidth / tileWidth(p.outWidth)) * channels];
  },
  wgsl: (p, traits) => {
    const lanes = traits.subgroupSize;
    const chunk = Math.min(lanes, p.inChannels);
    const { ky, kx } = tapDistance(p);
    return `
${constants({
  ...conv2dConstants(p),
  LANES: lanes,
  COLUMNS: columnsOf(p, traits),
  CHUNK: chunk,
  TILE: tileWidth(p.outWidth),
})}
// Input pixels under a run, and runs in a row.
const SPAN = (TILE - 1u) * STRIDE_W + ${p.dilation ? `${coverage(p).width}u` : 'KERNEL_W'};
const TILES = (OUT_W + TILE - 1u) / TILE;
${epilogueWgsl(p.epilogue)}

${subgroupEntryPoint(traits.pinsSubgroups)}
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let row = group.y * 65535u + group.x;
  if (row >= BATCH * OUT_H) { return; }
  let n = row / OUT_H;
  let oy = row % OUT_H;
  let left = group.z % TILES * TILE;
  let firstChannel = group.z / TILES * COLUMNS * LANES + lane;

  var channel: array<u32, COLUMNS>;
  var sum: array<f32, TILE * COLUMNS>;
  for (var c = 0u; c < COLUMNS; c++) { channel[c] = min(firstChannel + c * LANES, OUT - 1u); }
  for (var ky = 0u; ky < KERNEL_H; ky++) {
    let iy = i32(oy * STRIDE_H + ${ky}) - PAD_TOP;
    if (iy < 0 || iy >= i32(HEIGHT)) { continue; }
    let line = (n * HEIGHT + u32(iy)) * WIDTH;
    var part = array<f32, TILE * COLUMNS>();
    for (var ci = 0u; ci < IN; ci += CHUNK) {
      // A lane holds one input channel of every pixel under the run.
      var pixels: array<f32, SPAN>;
      for (var i = 0u; i < SPAN; i++) {
        let ix = i32(left * STRIDE_W + i) - PAD_LEFT;
        let inside = (ix >= 0) & (ix < i32(WIDTH)) & (lane < CHUNK) & (ci + lane < IN);
        pixels[i] = select(0.0, f32(x[(line + u32(ix)) * IN + ci + lane]), inside);
      }
      let taps = (ky * KERNEL_W * IN + ci) * OUT;
      for (var kx = 0u; kx < KERNEL_W; kx++) {
${unroll(range(chunk), (j) => products(kx, j))}
      }
    }
    for (var i = 0u; i < TILE * COLUMNS; i++) { sum[i] += part[i]; }
  }
${p.epilogue.dropout ? writeDropped(p) : write(p)}
}`;
  },
};
