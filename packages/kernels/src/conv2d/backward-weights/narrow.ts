/**
 * conv2d backward weights for inputs of one or few channels on software GPUs: an image's first convolution.
 *
 * A subgroup keeps the sums of all taps × a lane-full of output channels, an output channel a lane, and walks over the
 * output rows of its split, TILE pixels at a time. A load brings a lane-full of neighbouring elements of an input row,
 * and each is handed on by `subgroupBroadcast`: see conv2d/narrow.ts. The gradient of the bias is summed beside.
 *
 * Timed by `pnpm anke bench kernels --filter conv2d/backward-weights --variant narrow` (`narrowSplit`).
 */
import type { Variant } from '../../runtime/kernel.js';
import { constants, subgroupEntryPoint } from '../../runtime/wgsl.js';
import { conv2dConstants } from '../geometry.js';
import { isNarrow, narrowFactor, narrowInput, tapsOf } from '../narrow.js';
import { tileWidth } from '../tile.js';
import { orZero, range, unroll } from '../unrolled.js';
import { forBias, type SplitParams } from './params.js';

export const narrow: Variant<SplitParams> = {
  subgroups: true,
  available: (p, traits) => isNarrow(p, traits) && p.splits <= 65535,
  suits: (_, { software }) => software,
  grid: (p, { subgroupSize }) => [Math.ceil(p.outChannels / subgroupSize), p.splits, 1],
  wgsl: (p, { subgroupSize: lanes, pinsSubgroups }) => {
    const tile = tileWidth(p.outWidth);
    const taps = tapsOf(p);
    const loadGradient = (i: number): string => {
      const inside = p.outWidth % tile === 0 ? [] : [`left + ${i}u < OUT_W`];
      return `      let y_${i} = ${orZero(inside, `dY[(row * OUT_W + left + ${i}u) * OUT + co]`)};
${forBias(p, `      rowTotal += y_${i};`)}`;
    };
    const product = (t: number, i: number): string =>
      `      part_${t} = fma(${narrowFactor(p, lanes, i, taps[t] as (typeof taps)[number])}, y_${i}, part_${t});`;
    const forTaps = (text: (t: number) => string): string => unroll(range(taps.length), text);
    return `
${constants({ ...conv2dConstants(p), LANES: lanes, TILE: tile, TAPS: taps.length })}

${subgroupEntryPoint(pinsSubgroups)}
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let channel = group.x * LANES + lane;
  let co = min(channel, OUT - 1u);
  let firstRow = group.y * ROWS_PER_SPLIT;
${forTaps((t) => `  var sum_${t} = 0.0;`)}
  ${forBias(p, 'var total = 0.0;')}
  for (var row = firstRow; row < min(firstRow + ROWS_PER_SPLIT, BATCH * OUT_H); row++) {
    let n = row / OUT_H;
    let oy = row % OUT_H;
    // A row is summed by itself and then added, which keeps the rounding error small.
${forTaps((t) => `    var part_${t} = 0.0;`)}
    ${forBias(p, 'var rowTotal = 0.0;')}
    for (var left = 0u; left < OUT_W; left += TILE) {
${narrowInput(p, lanes, tile)}
${unroll(range(tile), loadGradient)}
${forTaps((t) => unroll(range(tile), (i) => product(t, i)))}
    }
${forTaps((t) => `    sum_${t} += part_${t};`)}
    ${forBias(p, 'total += rowTotal;')}
  }
  if (channel < OUT) {
    ${forBias(p, 'writeBias(group.y * OUT + channel, total);')}
${forTaps((t) => `    writeWeight((group.y * TAPS + ${t}u) * OUT + channel, sum_${t});`)}
  }
}`;
  },
};
