/**
 * What the resident variants of forward and backward data share: how they cut their work, and how a subgroup takes hold
 * of its weights. They are for software GPUs: there, registers that do not fit spill into a cache, which is cheap.
 */
import type { Grid, Traits } from '../runtime/kernel.js';
import { MAX_GRID_SIDE, opaque } from '../runtime/wgsl.js';
import type { Conv2dParams } from './geometry.js';
import { range, unroll } from './unrolled.js';

/** Taps up to which weights are held for one lane-full of channels, and taps up to which they are for two. */
const MAX_TAPS = 49;
const MAX_DOUBLE_TAPS = 25;
/** The most rows for which a subgroup uses the weights that it has loaded. */
const MAX_ROWS = 64;
/** The most weights that are held because more channels at a time save loads and stores of sums. */
const MAX_WEIGHTS = 300;
/** The least number of workgroups: below this, weights are loaded again for fewer rows, so that no core idles. */
const LEAST_GROUPS = 16;
/**
 * Whether a resident variant runs: on software GPUs, for kernels that are not too large. With a dilation, a window has
 * no pixel of the one before.
 */
export const canReside = (p: Conv2dParams, { software }: Traits): boolean =>
  software && !p.dilation && p.kernelWidth > 1 && p.kernelHeight * p.kernelWidth <= MAX_TAPS;

/**
 * A subgroup computes `groups` lane-fulls of channels, of which there are `columns`, for a run of `rows`, from `chunk`
 * channels of the other side at a time.
 */
export interface Cut {
  readonly chunk: number;
  readonly groups: number;
  readonly columns: number;
  readonly rows: number;
}

/** Channels of the two sides of a convolution. */
interface Channels {
  readonly summed: number;
  readonly computed: number;
}

/**
 * How the work is cut into subgroups.
 *
 * @param allRows number of rows in the whole batch
 */
export function residentCut(
  { kernelHeight, kernelWidth }: Conv2dParams,
  lanes: number,
  { summed, computed }: Channels,
  allRows: number,
): Cut {
  const taps = kernelHeight * kernelWidth;
  const groups = computed > lanes && taps <= MAX_DOUBLE_TAPS ? 2 : 1;
  const columns = Math.ceil(computed / (lanes * groups));
  const laneFulls = Math.ceil(summed / lanes);
  const chunks = Math.ceil(laneFulls / Math.max(1, Math.floor(MAX_WEIGHTS / (taps * lanes * groups))));
  const chunk = Math.min(Math.ceil(laneFulls / chunks) * lanes, summed);
  return { chunk, groups, columns, rows: Math.min(MAX_ROWS, Math.ceil((allRows * columns) / LEAST_GROUPS)) };
}

export function residentGrid({ columns, rows }: Cut, allRows: number): Grid {
  const runs = Math.ceil(allRows / rows);
  return [Math.min(runs, MAX_GRID_SIDE), Math.ceil(runs / MAX_GRID_SIDE), columns];
}

/** What the pieces of a shader depend on. */
export interface ResidentShape<P> extends Pick<Cut, 'chunk' | 'groups'> {
  readonly p: P;
  readonly lanes: number;
}

/** A lane-full of the chunk, of which lane j holds channel j. */
export interface Part {
  readonly index: number;
  /** WGSL of how far its channels lie from the chunk's. */
  readonly offset: string;
  /** WGSL of the conditions on which its lane holds a channel. */
  readonly inside: readonly string[];
}

/**
 * The lane-fulls of a chunk.
 *
 * @param first WGSL of the chunk's first channel
 * @param end channels that there are in all, and their name in WGSL
 */
export function partsOf(
  { chunk, lanes }: Pick<ResidentShape<unknown>, 'chunk' | 'lanes'>,
  first: string,
  end: readonly [channels: number, name: string],
): Part[] {
  const [channels, name] = end;
  return range(Math.ceil(chunk / lanes)).map((index) => {
    const offset = index === 0 ? '' : ` + ${index * lanes}u`;
    const inside = [
      ...((index + 1) * lanes <= chunk ? [] : [`lane${offset} < CHUNK`]),
      ...(channels % chunk === 0 ? [] : [`${first} + lane${offset} < ${name}`]),
    ];
    return { index, offset, inside };
  });
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
