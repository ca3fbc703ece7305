/**
 * conv2d backward weights for software GPUs, whose time goes into loads: a subgroup walks down the output rows of its
 * split, TILE pixels wide, and holds the rows of input pixels that lie under one.
 *
 * It keeps the sums of all taps × a lane-full (CHUNK) of input channels × a lane-full of output channels, an output
 * channel a lane. For the next output row it loads only the rows of the input that are new, lane j channel j of each
 * pixel, and its output channel of dY. Each channel of a held pixel is handed on by `subgroupBroadcast` to all products
 * that it is a factor of. `subgroup` sums one row of taps, so that it loads both factors once for each of these rows.
 *
 * Two lane-fulls of input channels at a time lost: the code of a row did not fit into the cores' caches.
 * Timed by `pnpm anke bench kernels --filter conv2d/backward-weights --variant rows` (`rowsSplit`).
 */
import type { Variant } from '../../runtime/kernel.js';
import { constants, opaque, subgroupEntryPoint } from '../../runtime/wgsl.js';
import { coverage } from '../../window/dilation.js';
import { conv2dConstants } from '../geometry.js';
import { isNarrow } from '../narrow.js';
import { suitsPointwise } from '../pointwise.js';
import { tileWidth } from '../tile.js';
import { orZero, range, unroll } from '../unrolled.js';
import { forBias, type SplitParams } from './params.js';
import { subgroup } from './subgroup.js';

/** Products that are written out for an output row; more take long to compile, and no longer fit into caches. */
const MAX_PRODUCTS = 2048;

const chunkOf = (p: SplitParams, lanes: number): number => Math.min(lanes, p.inChannels);

const productsOf = (p: SplitParams, lanes: number): number =>
  p.kernelHeight * p.kernelWidth * tileWidth(p.outWidth) * chunkOf(p, lanes);

/** An input pixel of the tile: its row, counted from the first tap's, and its column. */
type Pixel = readonly [ky: number, i: number];

const nameOf = ([ky, i]: Pixel): string => `x_${ky}_${i}`;

/** Input columns that are held. */
const columnsOf = (p: SplitParams): number[] => range((tileWidth(p.outWidth) - 1) * p.strideWidth + coverage(p).width);

/** Loads a row of the input; outside the image and outside the chunk, the values are zero. */
function loadRow(p: SplitParams, lanes: number, ky: number): string {
  const chunk = chunkOf(p, lanes);
  const channelInside = [
    ...(chunk === lanes ? [] : ['lane < CHUNK']),
    ...(p.inChannels % chunk === 0 ? [] : ['ci + lane < IN']),
  ];
  const load = (i: number): string => {
    const inside = ['inside', `left + ${i} >= 0`, `left + ${i} < i32(WIDTH)`, ...channelInside];
    return `        ${nameOf([ky, i])} = ${orZero(inside, `f32(x[offset + ${i}u * IN])`)};`;
  };
  return `      {
        let inside = (iy + ${ky} >= 0) & (iy + ${ky} < i32(HEIGHT));
        let offset = u32((i32(row / OUT_H * HEIGHT) + iy + ${ky}) * i32(WIDTH) + left) * IN + ci + lane;
${unroll(columnsOf(p), load)}
      }`;
}

/**
 * The products of channel j of the row under tap row ky. A row is summed by itself and then added: the rounding error
 * grows with the row's length and the number of rows, not with their product.
 */
function products(p: SplitParams, lanes: number, ky: number, j: number): string {
  const taps = range(p.kernelWidth);
  const use = (i: number): string => {
    const uses = taps
      .map((kx) => ({ kx, output: (i - kx) / p.strideWidth }))
      .filter(({ output }) => Number.isInteger(output) && output >= 0 && output < tileWidth(p.outWidth));
    return `        let factor_${i} = subgroupBroadcast(${nameOf([ky, i])}, ${j}u);
${unroll(uses, ({ kx, output }) => `        row_${kx} = fma(factor_${i}, y_${output}, row_${kx});`)}`;
  };
  const sum = (kx: number): string => `sum_${(ky * p.kernelWidth + kx) * chunkOf(p, lanes) + j}`;
  return `      {
${unroll(taps, (kx) => `        var row_${kx} = 0.0;`)}
${unroll(columnsOf(p), use)}
${unroll(taps, (kx) => `        ${sum(kx)} += row_${kx};`)}
      }`;
}

export const rows: Variant<SplitParams> = {
  subgroups: true,
  available: (p, traits) =>
    subgroup.available(p, traits) &&
    !p.dilation &&
    p.kernelHeight > p.strideHeight &&
    productsOf(p, traits.subgroupSize) <= MAX_PRODUCTS,
  suits: (p, traits) => traits.software && !isNarrow(p, traits) && !suitsPointwise(p, traits),
  grid: (p, { subgroupSize: lanes }) => [
    Math.ceil(p.outChannels / lanes),
    Math.ceil(p.inChannels / chunkOf(p, lanes)),
    p.splits,
  ],
  wgsl: (p, { subgroupSize: lanes, pinsSubgroups }) => {
    const chunk = chunkOf(p, lanes);
    const tile = tileWidth(p.outWidth);
    const kernelRows = range(p.kernelHeight);
    const pixels = kernelRows.flatMap((ky) => columnsOf(p).map((i): Pixel => [ky, i]));
    /** Rows that lie under the next output row too, `strideHeight` further up. */
    const kept = kernelRows.filter((ky) => ky < p.kernelHeight - p.strideHeight);
    const fresh = kernelRows.filter((ky) => !kept.includes(ky));
    const sums = range(p.kernelHeight * p.kernelWidth * chunk);
    const loadGradient = (i: number): string => {
      const inside = p.outWidth % tile === 0 ? [] : [`first + ${i}u < OUT_W`];
      return `      let y_${i} = ${orZero(inside, `dY[(row * OUT_W + first + ${i}u) * OUT + co]`)};`;
    };
    const tileSum = range(tile).map((i) => `y_${i}`);
    return `
${constants({ ...conv2dConstants(p), LANES: lanes, CHUNK: chunk, TILE: tile })}

${subgroupEntryPoint(pinsSubgroups)}
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let channel = group.x * LANES + lane;
  let co = min(channel, OUT - 1u);
  let ci = group.y * CHUNK;
  let firstRow = group.z * ROWS_PER_SPLIT;
  let end = min(firstRow + ROWS_PER_SPLIT, BATCH * OUT_H);
${unroll(sums, (i) => `  var sum_${i} = 0.0;`)}${forBias(p, '\n  var total = 0.0;')}
  for (var first = 0u; first < OUT_W; first += TILE) {
    let left = i32(first * STRIDE_W) - PAD_LEFT;
${unroll(pixels, (pixel) => `    var ${nameOf(pixel)} = 0.0;`)}
    for (var row = firstRow; row < end; row++) {
      let iy = i32(row % OUT_H * STRIDE_H) - PAD_TOP;
      if (row == firstRow || row % OUT_H == 0u) {
${unroll(kept, (ky) => loadRow(p, lanes, ky))}
      }
${unroll(fresh, (ky) => loadRow(p, lanes, ky))}
${unroll(range(tile), loadGradient)}
${kernelRows.map((ky) => unroll(range(chunk), (j) => products(p, lanes, ky, j))).join('\n')}${forBias(
  p,
  `\n      total += ${tileSum.join(' + ')};`,
)}
${unroll(
  pixels.filter(([ky]) => kept.includes(ky)),
  ([ky, i]) => `      ${nameOf([ky, i])} = ${nameOf([ky + p.strideHeight, i])};`,
)}
    }
  }
  // Written in a loop: one by one, they would take longer to compile than the rest of the shader.
  var sums: array<f32, ${sums.length}>;
${unroll(sums, (i) => `  sums[${i}] = sum_${i};`)}
  if (channel >= OUT) { return; }
  for (var i = 0u; i < ${opaque(`${sums.length}u`, 'dY')}; i++) {
    let c = ci + i % CHUNK;
    if (c < IN) { writeWeight(((group.z * KERNEL_H * KERNEL_W + i / CHUNK) * IN + c) * OUT + channel, sums[i]); }
  }${forBias(p, '\n  if (group.y == 0u) { writeBias(group.z * OUT + channel, total); }')}
}`;
  },
};
