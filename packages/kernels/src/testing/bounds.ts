/**
 * How far a float32 result may be from the reference in float64. Bounds are derived, never tuned: each term of a sum
 * adds a rounding of at most epsilon, relative to the largest number that is rounded on the way.
 */
import { expect } from 'vitest';
import type { Arrays, Kernel } from '../runtime/kernel.js';

/** The distance between 1 and the next float32. */
export const EPSILON = 2 ** -23;
/** The least normal float32: WGSL lets devices replace smaller numbers by zero. */
const LEAST_NORMAL = 2 ** -126;

/** The largest error that a sum of so many terms may have, relative to the largest result of an array. */
export function tolerance(expected: Float64Array, terms: number): number {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return EPSILON * terms * largest;
}

/**
 * The largest error of each element: {@link tolerance} and, where the sum of the absolute terms of each element is
 * known, that which follows from it, whichever is less. Where all results are zero, only the terms tell what may be
 * lost.
 */
export function tolerances(
  expected: Float64Array,
  terms: number,
  magnitudes: Float64Array | undefined,
): number | Float64Array {
  const whole = tolerance(expected, terms);
  return magnitudes === undefined
    ? whole
    : magnitudes.map((magnitude) => {
        const own = EPSILON * terms * Math.abs(magnitude) + LEAST_NORMAL;
        return whole === 0 ? own : Math.min(whole, own);
      });
}

/**
 * Sums of the absolute terms of each element of a kernel's outputs, from its parameters and inputs; see
 * {@link tolerances}.
 */
export type Magnitudes<P, B extends string> = (params: P, inputs: Arrays<B>) => Partial<Record<B, Float64Array>>;

/** Inputs without their signs. */
export const absolute = <A extends Arrays<string>>(inputs: A): A =>
  Object.fromEntries(Object.entries(inputs).map(([name, values]) => [name, values.map(Math.abs)])) as A;

/**
 * For kernels that add up products of their inputs: the reference of the inputs without signs adds up the absolute
 * terms.
 */
export const absoluteTerms =
  <P extends object, B extends string>(kernel: Kernel<P, B>): Magnitudes<P, B> =>
  (params, inputs) =>
    kernel.reference(params, absolute(inputs));

/** For kernels that add nothing up: all that is rounded is about as large as the result. */
export const ownSize =
  <P extends object, B extends string>(kernel: Kernel<P, B>): Magnitudes<P, B> =>
  (params, inputs) =>
    kernel.reference(params, inputs);

/**
 * Compares element by element and names the element that is furthest beyond its bound.
 *
 * @param allowed the largest error of all elements, or of each
 */
export function expectClose(
  label: string,
  got: Float64Array,
  expected: Float64Array,
  allowed: number | Float64Array,
): void {
  expect(got.length, `${label}: length`).toBe(expected.length);
  const bound = (i: number): number => (typeof allowed === 'number' ? allowed : (allowed[i] as number));
  let worst = 0;
  let excess = Number.NEGATIVE_INFINITY;
  got.forEach((value, i) => {
    const right = expected[i] as number;
    const distance = Object.is(value, right) ? 0 : Math.abs(value - right);
    const beyond = Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance - bound(i);
    if (beyond > excess) {
      excess = beyond;
      worst = i;
    }
  });
  expect(
    excess,
    `${label}[${worst}]: got ${got[worst]}, expected ${expected[worst]}, allowed ${bound(worst)}`,
  ).toBeLessThanOrEqual(0);
}
