/** Sizes of the tiles that a product is computed in, and when each is used. */
import type { Traits } from '../runtime/kernel.js';

/** A workgroup computes `rows` × `columns` elements of a product; a thread, rows/16 × columns/16 of them. */
export interface Tile {
  readonly rows: number;
  readonly columns: number;
}

/** A large tile reads less memory; a small one makes more workgroups, which small batches need to fill a device. */
export const TILES = {
  large: { rows: 128, columns: 64 },
  middle: { rows: 64, columns: 64 },
  small: { rows: 32, columns: 32 },
} as const satisfies Record<string, Tile>;

/** Threads of a workgroup along either side of a tile. */
export const SIDE = 16;
/** Terms of the sums that lie in workgroup memory at a time. */
export const DEPTH = 16;

/** Workgroups that keep a large GPU busy. */
export const BUSY = 128;

/** Workgroups that a product of `rows` × `columns` elements takes. */
export const tileCount = (tile: Tile, { rows, columns }: { readonly rows: number; readonly columns: number }): number =>
  Math.ceil(rows / tile.rows) * Math.ceil(columns / tile.columns);

/** Whether a device can run a tile. */
export const fits = ({ rows, columns }: Tile, { maxInvocations, maxWorkgroupStorage }: Traits): boolean =>
  maxInvocations >= SIDE * SIDE && maxWorkgroupStorage >= DEPTH * (rows + 1 + columns + 1) * 4;

/** A CPU with subgroups has faster variants than tiles: its workgroup memory is no faster than any other. */
export const likesTiles = ({ software, subgroupSize }: Traits): boolean => !software || subgroupSize === 0;
