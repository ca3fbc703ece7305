/** What the variants of the three directions share: their sizes, and where each is at home. */
import type { Traits } from '../runtime/kernel.js';

/** Kernel widths up to which the subgroup variants keep a row of taps unrolled. */
export const MAX_UNROLLED_TAPS = 7;
/** Pixels of a row that a subgroup keeps in registers. */
const MAX_TILE = 13;

/** Cuts `width` into equal tiles of at most `MAX_TILE` pixels. */
export function tileWidth(width: number): number {
  return Math.ceil(width / Math.ceil(width / MAX_TILE));
}

/** The GEMM variants compute tiles of 64 × 64 outputs by 256 threads of 4 × 4, 16 terms of the sum at a time. */
export const GEMM_TILE = 64;
const GEMM_THREADS = 256;
/** Two tiles of 16 rows, one of 64 and one of 65 floats, or both of 65. */
const GEMM_STORAGE = 2 * 16 * 65 * 4;

export const fitsGemm = ({ maxInvocations, maxWorkgroupStorage }: Traits): boolean =>
  maxInvocations >= GEMM_THREADS && maxWorkgroupStorage >= GEMM_STORAGE;

/** Subgroups of up to 8 lanes are SIMD registers of a CPU: there, a load costs more than twenty products. */
export const isSoftware = ({ subgroupSize }: Traits): boolean => subgroupSize > 0 && subgroupSize <= 8;
