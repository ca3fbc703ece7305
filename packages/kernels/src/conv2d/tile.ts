/** The run of pixels of a row whose sums a subgroup keeps in registers. */
import { coverage } from '../window/dilation.js';
import type { Conv2dParams } from './geometry.js';
import { isGrouped } from './groups.js';

/** Kernel widths up to which the subgroup variants write a row of taps out. */
const MAX_UNROLLED_TAPS = 7;
/** Pixels up to which they do so, with those between the taps. */
const MAX_COVERAGE = 13;
/** The most pixels of a run. */
const MAX_TILE = 13;

/** Whether the subgroup variants write a row of taps out. */
export const isUnrolled = (p: Conv2dParams): boolean =>
  !isGrouped(p) && p.kernelWidth <= MAX_UNROLLED_TAPS && coverage(p).width <= MAX_COVERAGE;

/** Pixels of a run: `width` is cut into equal parts. */
export function tileWidth(width: number): number {
  return Math.ceil(width / Math.ceil(width / MAX_TILE));
}
