/** The run of neighbouring pixels of a row that one thread computes, so that they share the loads of a kernel row. */

import { coverage, type DilatedKernel } from '../window/dilation.js';

/** Pixels that a kernel covers, and strides, up to which a run's pixels are kept in registers. */
const MAX_COVERAGE = 7;
const MAX_STRIDE = 3;
const MAX_RUN = 8;

/** Pixels of a run: `width` is cut into nearly equal parts, each a multiple of `step`. */
export function runLength(width: number, step = 1): number {
  const equal = Math.ceil(width / Math.ceil(width / MAX_RUN));
  return Math.ceil(equal / step) * step;
}

/** Whether what a run reads fits into registers. */
export const fitsRegisters = (p: DilatedKernel & { readonly strideWidth: number }): boolean =>
  coverage(p).width <= MAX_COVERAGE && p.strideWidth <= MAX_STRIDE;
