/** The run of pixels of a row whose sums a subgroup keeps in registers. */

/** Kernel widths up to which the subgroup variants write a row of taps out. */
export const MAX_UNROLLED_TAPS = 7;
/** The most pixels of a run. */
const MAX_TILE = 13;

/** Pixels of a run: `width` is cut into equal parts. */
export function tileWidth(width: number): number {
  return Math.ceil(width / Math.ceil(width / MAX_TILE));
}
