/**
 * What the resident variants of forward and backward data share: how they cut their work, and how a subgroup takes hold
 * of its weights. They are for software GPUs, whose registers spill into memory that is near by, in a cache.
 */
import type { Grid, Traits } from '../runtime/kernel.js';
import { opaque } from '../runtime/wgsl.js';
import type { Conv2dParams } from './geometry.js';
import { range, unroll } from './unrolled.js';

/** Taps up to which weights are held, and those up to which they are for two lane-fulls of channels. */
const MAX_TAPS = 49;
const MAX_DOUBLE_TAPS = 25;
/** Rows for which a subgroup uses the weights that it has loaded, at most. */
const MAX_ROWS = 64;
/** Workgroups below which weights are rather loaded more often: cores would have nothing to do. */
const LEAST_GROUPS = 16;
const MAX_GRID_SIDE = 65535;

/** Whether a resident variant runs: on software GPUs, for kernels that are not too large. */
export const canReside = (p: Conv2dParams, { software }: Traits): boolean =>
  software && p.kernelWidth > 1 && p.kernelHeight * p.kernelWidth <= MAX_TAPS;

/** A subgroup computes `groups` lane-fulls of channels, of which there are `columns`, for a run of `rows`. */
export interface Cut {
  readonly groups: number;
  readonly columns: number;
  readonly rows: number;
}

/**
 * @param channels of what is computed
 * @param allRows of the batch
 */
export function residentCut(
  { kernelHeight, kernelWidth }: Conv2dParams,
  lanes: number,
  channels: number,
  allRows: number,
): Cut {
  const groups = channels > lanes && kernelHeight * kernelWidth <= MAX_DOUBLE_TAPS ? 2 : 1;
  const columns = Math.ceil(channels / (lanes * groups));
  return { groups, columns, rows: Math.min(MAX_ROWS, Math.ceil((allRows * columns) / LEAST_GROUPS)) };
}

export function residentGrid({ columns, rows }: Cut, allRows: number): Grid {
  const runs = Math.ceil(allRows / rows);
  return [Math.min(runs, MAX_GRID_SIDE), Math.ceil(runs / MAX_GRID_SIDE), columns];
}

/** Name of the weight of a tap and a channel of the chunk, for a group of the channels that are computed. */
export const residentWeight = (
  { chunk, groups }: { readonly chunk: number; readonly groups: number },
  tap: number,
  channel: number,
  group: number,
): string => `w_${(tap * chunk + channel) * groups + group}`;

/**
 * Declares the weights that a subgroup holds, under the names of {@link residentWeight}.
 *
 * They are read in a loop that the compiler cannot unroll, and named one by one behind it: it keeps named values in
 * registers or next to them, but took half a minute for as many loads written out.
 *
 * @param held taps, channels of the chunk and groups
 * @param weight WGSL of one, for tap `t`, channel `c` and a group
 */
export function residentWeights(
  held: { readonly taps: number; readonly chunk: number; readonly groups: number },
  weight: (group: number) => string,
): string {
  const { taps, chunk, groups } = held;
  return `
    var weights: array<f32, ${taps * chunk * groups}>;
    for (var i = 0u; i < ${opaque(`${taps * chunk}u`, 'w')}; i++) {
      let t = i / CHUNK;
      let c = i % CHUNK;
${unroll(range(groups), (g) => `      weights[i * ${groups}u + ${g}u] = ${weight(g)};`)}
    }
${unroll(range(taps * chunk * groups), (i) => `    let w_${i} = weights[${i}];`)}`;
}
