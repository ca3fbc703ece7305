/** Sizes that the kernels of layer normalization have in common, the sum over a row, and their cases. */
import type { Variant } from '../runtime/kernel.js';
import { constants, flatGrid, flatRow, opaque } from '../runtime/wgsl.js';

export interface LayerNormParams {
  readonly rows: number;
  readonly channels: number;
  /** Whether gamma scales what is normalized, and beta is added. */
  readonly scale: boolean;
  readonly center: boolean;
}

export const elements = (p: LayerNormParams): number => p.rows * p.channels;
export const rows = (p: LayerNormParams): number => p.rows;
export const channels = (p: LayerNormParams): number => p.channels;

const THREADS = 64;
/** Threads that share a row: a power of two, and not many more than it has channels. */
const lanes = (p: LayerNormParams): number => Math.min(2 ** Math.ceil(Math.log2(p.channels)), THREADS);
const groups = (p: LayerNormParams): number => Math.ceil(p.rows / (THREADS / lanes(p)));

/**
 * Both variants of a kernel that treats rows. Its body has `row`, the first channel `first` and the distance `STEP` to
 * the next one of this thread, and `total(value) -> f32`, the sum over all threads of the row.
 *
 * @param binding an array that the kernel reads: the bounds of loops depend on its length
 */
export const rowwise = <P extends LayerNormParams>(
  binding: string,
  body: (p: P) => string,
): Record<'shared' | 'plain', Variant<P>> => ({
  shared: {
    available: () => true,
    // On a CPU, barriers are expensive.
    suits: (_, { software }) => !software,
    grid: (p) => flatGrid(groups(p), 1),
    wgsl: (p) => `
${constants({
  ROWS: p.rows,
  CHANNELS: p.channels,
  THREADS,
  STEP: lanes(p),
  ROW: flatRow(groups(p), 1),
})}
var<workgroup> sums: array<f32, THREADS>;
var<private> index: u32;

fn total(value: f32) -> f32 {
  sums[index] = value;
  workgroupBarrier();
  for (var span = ${opaque('STEP', binding)} / 2u; span > 0u; span /= 2u) {
    if (index % STEP < span) { sums[index] += sums[index + span]; }
    workgroupBarrier();
  }
  let sum = sums[index - index % STEP];
  workgroupBarrier();
  return sum;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  index = thread;
  let row = (group.y * ROW + group.x) * (THREADS / STEP) + thread / STEP;
  // A thread without a row goes along, as all threads meet at each barrier.
  let first = select(CHANNELS, thread % STEP, row < ROWS);
  ${body(p)}
}`,
  },
  plain: {
    available: () => true,
    grid: (p) => flatGrid(p.rows),
    wgsl: (p) => `
${constants({ ROWS: p.rows, CHANNELS: p.channels, STEP: 1, ROW: flatRow(p.rows) })}
fn total(value: f32) -> f32 { return value; }

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let row = thread.y * ROW + thread.x;
  let first = select(CHANNELS, 0u, row < ROWS);
  ${body(p)}
}`,
  },
});

export const cases: readonly LayerNormParams[] = [
  { rows: 1, channels: 1, scale: true, center: true },
  { rows: 3, channels: 2, scale: true, center: false },
  { rows: 7, channels: 33, scale: false, center: true },
  { rows: 65, channels: 5, scale: false, center: false },
  { rows: 33, channels: 129, scale: true, center: true },
  { rows: 2, channels: 1000, scale: true, center: true },
  { rows: 32 * 49, channels: 96, scale: true, center: true },
];
