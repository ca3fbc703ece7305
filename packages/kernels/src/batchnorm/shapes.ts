/** Sizes that the kernels of batch normalization have in common, and their cases. */
import { flatGrid, type Variant } from '../runtime/kernel.js';

export interface BatchNormParams {
  readonly rows: number;
  readonly channels: number;
  readonly splits: number;
}

export interface BatchNormJoinParams extends BatchNormParams {
  readonly momentum: number;
}

export interface NormalizeParams {
  readonly rows: number;
  readonly channels: number;
  readonly epsilon: number;
}

export const elements = (p: { rows: number; channels: number }): number => p.rows * p.channels;
export const channels = (p: { channels: number }): number => p.channels;
export const parts = (p: BatchNormParams): number => p.splits * p.channels;
export const rowsPerPart = (p: BatchNormParams): number => Math.ceil(p.rows / p.splits);

export const shapes: readonly BatchNormParams[] = [
  { rows: 1, channels: 1, splits: 1 },
  { rows: 2, channels: 3, splits: 1 },
  { rows: 3, channels: 129, splits: 2 },
  { rows: 33, channels: 7, splits: 4 },
  { rows: 65, channels: 33, splits: 8 },
  { rows: 129, channels: 65, splits: 1 },
  // Parts of two rows leave the last of the eight parts without any.
  { rows: 13, channels: 5, splits: 8 },
  { rows: 32 * 26 * 26, channels: 32, splits: 147 },
  { rows: 32 * 81, channels: 64, splits: 51 },
  { rows: 32 * 49, channels: 64, splits: 40 },
];
export const EPSILON = 1e-3;

export const flat = <P>(threads: (p: P) => number, wgsl: (p: P) => string): Record<'plain', Variant<P>> => ({
  plain: { available: () => true, grid: (p) => flatGrid(threads(p)), wgsl },
});

/** Parts for `rows`: about the square root, so that neither kernel has a long sum. */
export const batchNormSplits = (rows: number): number => Math.ceil(Math.sqrt(rows));

/** Rows that one thread normalizes: its channel's numbers are loaded once for all of them. */
export const RUN = 8;
export const runs = (p: { rows: number; channels: number }): number => Math.ceil(p.rows / RUN) * p.channels;
