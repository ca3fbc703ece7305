/**
 * conv2d backward weights for software GPUs, whose time goes into loads.
 *
 * A subgroup keeps the sums of a row of taps × a lane-full (CHUNK) of input channels × a lane-full of output channels,
 * an output channel a lane, and walks over the output rows of its split, TILE pixels at a time. Lane j loads input
 * channel j of all pixels under them once for all taps, and each lane its output channel of dY; each of a pixel's
 * channels is handed on once by `subgroupBroadcast`, for all products that it is a factor of.
 *
 * Timed by `pnpm anke bench kernels --filter conv2d/backward-weights --variant subgroup` (`subgroupSplit`).
 */
import type { Variant } from '../../runtime/kernel.js';
import { constants, opaque, subgroupEntryPoint } from '../../runtime/wgsl.js';
import { coverage, tapDistance } from '../../window/dilation.js';
import { conv2dConstants } from '../geometry.js';
import { suitsPointwise } from '../pointwise.js';
import { isUnrolled, tileWidth } from '../tile.js';
import { range, unroll } from '../unrolled.js';
import { forBias, type SplitParams } from './params.js';

/** A weight of a lane: tap kx of the row, and channel j of the chunk. */
interface Weight {
  readonly kx: number;
  readonly j: number;
  readonly name: string;
}

const weightsOf = (p: SplitParams, chunk: number): Weight[] =>
  range(p.kernelWidth * chunk).map((i) => {
    const [kx, j] = [Math.floor(i / chunk), i % chunk];
    return { kx, j, name: `${kx}_${j}` };
  });

/** Loads an input pixel under the tile; outside the image and outside the chunk, the value is zero. */
const loadInput = (i: number): string => {
  const inside = '(ix >= 0) & (ix < i32(WIDTH)) & (lane < CHUNK) & (ci + lane < IN)';
  return `      let x_${i} = select(0.0, f32(x[(line + u32(ix)) * IN + ci + lane]), ${inside});
      ix++;`;
};

const loadGradient = (i: number): string =>
  `      let y_${i} = select(0.0, dY[(row * OUT_W + left + ${i}u) * OUT + co], left + ${i}u < OUT_W);`;

/**
 * The products that channel j of input pixel i is a factor of: one for each tap under which it lies, with that output.
 */
function products(p: SplitParams, i: number, j: number): string {
  const [, across] = p.dilation ?? [1, 1];
  const uses = range(p.kernelWidth)
    .map((kx) => ({ name: `${kx}_${j}`, output: (i - kx * across) / p.strideWidth }))
    .filter(({ output }) => Number.isInteger(output) && output >= 0 && output < tileWidth(p.outWidth));
  return `      {
        let factor = subgroupBroadcast(x_${i}, ${j}u);
${unroll(uses, ({ name, output }) => `        row_${name} = fma(factor, y_${output}, row_${name});`)}
      }`;
}

const write = ({ kx, j, name }: Weight): string => `  if (ci + ${j}u < IN && channel < OUT) {
    let weight = (((group.z * KERNEL_H + ky) * KERNEL_W + ${kx}u) * IN + ci + ${j}u) * OUT + channel;
    writeWeight(weight, sum_${name});
  }`;

/** The subgroups of the first kernel row and the first input channels sum the bias. */
const sumBias = `
  if (group.y == 0u) {
    var total = 0.0;
    for (var row = firstRow; row < end; row++) {
      var rowTotal = 0.0;
      // Not unrolled: it would take longer to compile than the rest of the shader.
      for (var ox = 0u; ox < ${opaque('OUT_W', 'dY')}; ox++) { rowTotal += dY[(row * OUT_W + ox) * OUT + co]; }
      total += rowTotal;
    }
    if (channel < OUT) { writeBias(group.z * OUT + channel, total); }
  }`;

export const subgroup: Variant<SplitParams> = {
  subgroups: true,
  available: (p, { subgroupSize }) => subgroupSize <= 32 && isUnrolled(p) && p.strideWidth <= 2,
  suits: (p, traits) => traits.software && !suitsPointwise(p, traits),
  grid: (p, { subgroupSize: lanes }) => [
    Math.ceil(p.outChannels / lanes),
    p.kernelHeight * Math.ceil(p.inChannels / Math.min(lanes, p.inChannels)),
    p.splits,
  ],
  wgsl: (p, { subgroupSize: lanes, pinsSubgroups }) => {
    const chunk = Math.min(lanes, p.inChannels);
    const tile = tileWidth(p.outWidth);
    const pixels = range((tile - 1) * p.strideWidth + coverage(p).width);
    const weights = weightsOf(p, chunk);
    return `
${constants({ ...conv2dConstants(p), LANES: lanes, CHUNK: chunk, TILE: tile })}
const CHUNKS = (IN + CHUNK - 1u) / CHUNK;

${subgroupEntryPoint(pinsSubgroups)}
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let channel = group.x * LANES + lane;
  let co = min(channel, OUT - 1u);
  let ky = group.y / CHUNKS;
  let ci = group.y % CHUNKS * CHUNK;
  let firstRow = group.z * ROWS_PER_SPLIT;
  let end = min(firstRow + ROWS_PER_SPLIT, BATCH * OUT_H);
${unroll(weights, ({ name }) => `  var sum_${name} = 0.0;`)}
  for (var row = firstRow; row < end; row++) {
    let iy = i32(row % OUT_H * STRIDE_H + ${tapDistance(p).ky}) - PAD_TOP;
    if (iy < 0 || iy >= i32(HEIGHT)) { continue; }
    let line = (row / OUT_H * HEIGHT + u32(iy)) * WIDTH;
    // A row is summed by itself and then added: the rounding error grows with the row's length and the number of rows,
    // not with their product.
${unroll(weights, ({ name }) => `    var row_${name} = 0.0;`)}
    for (var left = 0u; left < OUT_W; left += TILE) {
      var ix = i32(left * STRIDE_W) - PAD_LEFT;
${unroll(pixels, loadInput)}
${unroll(range(tile), loadGradient)}
${range(chunk)
  .map((j) => unroll(pixels, (i) => products(p, i, j)))
  .join('\n')}
    }
${unroll(weights, ({ name }) => `    sum_${name} += row_${name};`)}
  }
${unroll(weights, write)}${forBias(p, sumBias)}
}`;
  },
};
