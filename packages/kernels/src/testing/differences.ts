/**
 * Gradients against finite differences. For a scalar L = Σ dY · f(x), a kernel's gradient must be
 * (L(x + h) − L(x − h)) / 2h, with f the reference in float64: only the forward formula is trusted, not a second one
 * that was derived by hand.
 */
import { EPSILON, expectClose } from './bounds.js';

/** Central differences of float64 lose about h² to curvature and 1e-16 / h to rounding. */
const H = 1e-5;
const DIFFERENCE_ERROR = 1e-7;

/** The gradient of L = Σ dY · f(x) for x, by differences. */
export function differences(x: Float64Array, dY: Float64Array, f: (x: Float64Array) => Float64Array): Float64Array {
  const loss = (values: Float64Array): number => f(values).reduce((sum, y, i) => sum + y * (dY[i] as number), 0);
  return x.map((value, i) => {
    const moved = x.slice();
    moved[i] = value + H;
    const above = loss(moved);
    moved[i] = value - H;
    return (above - loss(moved)) / (2 * H);
  });
}

/** Allows the rounding of a sum of `terms` float32 numbers, and what the differences lose. */
export function checkGradient(
  label: string,
  got: Float64Array | undefined,
  expected: Float64Array,
  terms: number,
): void {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  if (!got) throw new Error(`${label} was not written`);
  expectClose(label, got, expected, largest * (terms * EPSILON + DIFFERENCE_ERROR));
}

/** Numbers of about the size of normal ones, of which no two are equal. */
export const distinct = (length: number, seed: number): Float64Array =>
  Float64Array.from({ length }, (_, i) => Math.fround(Math.sin(12.9898 * (i + 1) + 78.233 * seed) * 1.7));
