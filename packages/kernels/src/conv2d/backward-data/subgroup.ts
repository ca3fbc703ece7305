/**
 * conv2d backward data for software GPUs, whose time goes into loads; for stride 1.
 *
 * A subgroup computes a run of TILE pixels of one input row, for a lane-full of input channels, a channel a lane, as in
 * the forward direction. For each kernel row and each lane-full of output channels, lane j loads channel j of all
 * outputs that read the run; a product's factor comes from there by `subgroupBroadcast`. The sums stay in registers,
 * which is better than `resident` where there is a single tap. The taps of a row are written out: as a loop, lavapipe's
 * compiler leaves it rolled up and is 6 times slower.
 *
 * Timed by `pnpm anke bench kernels --filter conv2d/backward-data --variant subgroup`.
 */
import type { Variant } from '../../runtime/kernel.js';
import { constants, subgroupEntryPoint } from '../../runtime/wgsl.js';
import { coverage, tapDistance } from '../../window/dilation.js';
import { conv2dConstants } from '../geometry.js';
import { suitsPointwise } from '../pointwise.js';
import { isUnrolled, tileWidth } from '../tile.js';
import { range, unroll } from '../unrolled.js';
import { type Conv2dBackwardDataParams, finishWgsl } from './params.js';

/**
 * Outputs that read a run: all of the row if the run is the whole row, else those from `first` on, counted from the
 * run's left edge.
 */
interface Span {
  readonly first: number;
  readonly length: number;
}

function spanOf(p: Conv2dBackwardDataParams, tile: number): Span {
  if (tile === p.width) return { first: 0, length: p.outWidth };
  const { width } = coverage(p);
  return { first: p.padLeft - (width - 1), length: tile + width - 1 };
}

/** The products of tap kx with the outputs that reach the run by it, for the chunk's output channels. */
function products(p: Conv2dBackwardDataParams, tile: number, chunk: number, kx: number): string {
  const span = spanOf(p, tile);
  const [, across] = p.dilation ?? [1, 1];
  // Outputs begin … end − 1 reach the run by this tap: output i lies above pixel i + shift.
  const shift = kx * across + span.first - p.padLeft;
  const begin = Math.max(0, -shift);
  const end = Math.min(span.length, tile - shift);
  if (end <= begin) return '';
  const channel = (j: number): string => `
      if (OUT % CHUNK == 0u || co + ${j}u < OUT) {
        let weight = w[tap + ${kx}u * IN * OUT + ${j}u];
        for (var i = 0u; i < ${end - begin}u; i++) {
          let factor = subgroupBroadcast(outputs[i + ${begin}u], ${j}u);
          sum[i + ${begin + shift}u] = fma(factor, weight, sum[i + ${begin + shift}u]);
        }
      }`;
  return unroll(range(chunk), channel);
}

export const subgroup: Variant<Conv2dBackwardDataParams> = {
  subgroups: true,
  available: (p) => isUnrolled(p) && p.strideHeight === 1 && p.strideWidth === 1,
  suits: (p, traits) => traits.software && !suitsPointwise(p, traits),
  grid: (p, traits) => {
    const rows = p.batch * p.height;
    const channels = Math.ceil(p.inChannels / traits.subgroupSize);
    return [Math.min(rows, 65535), Math.ceil(rows / 65535), Math.ceil(p.width / tileWidth(p.width)) * channels];
  },
  wgsl: (p, { subgroupSize: lanes, pinsSubgroups }) => {
    const chunk = Math.min(lanes, p.outChannels);
    const tile = tileWidth(p.width);
    const span = spanOf(p, tile);
    return `
${constants({
  ...conv2dConstants(p),
  LANES: lanes,
  CHUNK: chunk,
  TILE: tile,
  TILES: Math.ceil(p.width / tile),
  FIRST: { i32: span.first },
  SPAN: span.length,
})}
${finishWgsl(p)}

${subgroupEntryPoint(pinsSubgroups)}
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let row = group.y * 65535u + group.x;
  if (row >= BATCH * HEIGHT) { return; }
  let n = row / HEIGHT;
  let iy = row % HEIGHT;
  let left = group.z % TILES * TILE;
  let channel = group.z / TILES * LANES + lane;
  let ci = min(channel, IN - 1u);

  var sum: array<f32, TILE>;
  for (var ky = 0u; ky < KERNEL_H; ky++) {
    let oy = i32(iy) + PAD_TOP - i32(${tapDistance(p).ky});
    if (oy < 0 || oy >= i32(OUT_H)) { continue; }
    let line = (n * OUT_H + u32(oy)) * OUT_W;
    for (var co = 0u; co < OUT; co += CHUNK) {
      // A lane holds one output channel of every output that reads the run.
      var outputs: array<f32, SPAN>;
      for (var i = 0u; i < SPAN; i++) {
        let ox = i32(left + i) + FIRST;
        let inside = (ox >= 0) & (ox < i32(OUT_W)) & (lane < CHUNK) & (co + lane < OUT);
        outputs[i] = select(0.0, dY[(line + u32(ox)) * OUT + co + lane], inside);
      }
      let tap = (ky * KERNEL_W * IN + ci) * OUT + co;
${unroll(range(p.kernelWidth), (kx) => products(p, tile, chunk, kx))}
    }
  }
  for (var i = 0u; i < TILE; i++) {
    let input = (row * WIDTH + left + i) * IN + channel;
    if (left + i < WIDTH && channel < IN) { dX[input] = finish(sum[i], input); }
  }
}`;
  },
};
