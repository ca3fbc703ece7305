/** Sizes that the kernels of batch normalization have in common, and their cases. */
import type { Mask } from '../epilogue/epilogue.js';
import type { Binding, Traits, Variant } from '../runtime/kernel.js';
import { flatGrid, flatRow } from '../runtime/wgsl.js';

export interface RowsAndChannels {
  readonly rows: number;
  readonly channels: number;
}

export const elements = (p: RowsAndChannels): number => p.rows * p.channels;
export const channels = (p: { readonly channels: number }): number => p.channels;

/**
 * A variance that kernels read: not negative, nor so small that its root amplifies the rounding of a test's numbers.
 */
export const varianceBinding = {
  access: 'read',
  type: 'f32',
  length: channels,
  sample: (_, draw) => draw.uniform() + 0.1,
} as const satisfies Binding<{ readonly channels: number }>;

/** Parts into which the rows are cut: about the square root, so that neither a part nor the join is a long sum. */
export const partCount = (p: RowsAndChannels): number => Math.ceil(Math.sqrt(p.rows));
export const rowsPerPart = (p: RowsAndChannels): number => Math.ceil(p.rows / partCount(p));

/** The first row of each part. */
export const partStarts = (p: RowsAndChannels): readonly number[] =>
  Array.from({ length: Math.ceil(p.rows / rowsPerPart(p)) }, (_, part) => part * rowsPerPart(p));

/** Sizes of a dispatch in which a thread sums one channel of one part: any number of rows shares the shader. */
export const partSizes = (p: RowsAndChannels): Readonly<Record<string, number>> => ({
  rows: p.rows,
  parts: partCount(p),
  rowsPerPart: rowsPerPart(p),
  threadRow: flatRow(partCount(p) * p.channels),
});

export const shapes: readonly RowsAndChannels[] = [
  { rows: 1, channels: 1 },
  { rows: 2, channels: 3 },
  { rows: 3, channels: 129 },
  { rows: 33, channels: 7 },
  { rows: 65, channels: 33 },
  { rows: 129, channels: 65 },
  { rows: 13, channels: 5 },
  { rows: 32 * 26 * 26, channels: 32 },
  { rows: 32 * 81, channels: 64 },
  { rows: 32 * 49, channels: 64 },
];
export const EPSILON = 1e-3;

/**
 * What may lie before a normalization, for the cases of its gradients: nothing, relu, relu and dropout, ReLU6, leaky
 * relu.
 */
export const MASKS: readonly (Mask | undefined)[] = [
  undefined,
  { slope: 0, keep: 1 },
  { slope: 0, keep: 4 / 3 },
  { slope: 0, cap: 1.5, keep: 1 },
  { slope: 0.1, keep: 1 },
];

/** A variant that runs everywhere, with so many independent threads. */
export const flat = <P>(
  threads: (p: P) => number,
  wgsl: (p: P, traits: Traits) => string,
): Record<'plain', Variant<P>> => ({
  plain: { available: () => true, grid: (p) => flatGrid(threads(p)), wgsl },
});

/** Rows that one thread normalizes: its channel's numbers are loaded once for all of them. */
export const RUN = 8;
const runs = (p: RowsAndChannels): number => Math.ceil(p.rows / RUN) * p.channels;

/** A variant that runs everywhere, a thread a run of rows of a channel. Any number of rows shares the shader. */
export const inRuns = <P extends RowsAndChannels>(wgsl: (p: P) => string): Record<'plain', Variant<P>> => ({
  plain: {
    available: () => true,
    sizes: (p) => ({ rows: p.rows, threadRow: flatRow(runs(p)) }),
    grid: (p) => flatGrid(runs(p)),
    wgsl,
  },
});
