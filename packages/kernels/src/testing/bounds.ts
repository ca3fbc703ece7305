/**
 * How far a float32 result may be from the reference in float64. Bounds are derived, never tuned, and each element has
 * its own: what is rounded on the way to it is at most as large as the sum of the absolute values of its terms. WGSL
 * lets a device round up or down, so that each rounding may cost a whole unit in the last place.
 */
import { expect } from 'vitest';
import { type Arrays, EPSILON, type Kernel } from '../runtime/kernel.js';

/** The least normal float32: WGSL lets devices replace smaller numbers by zero. */
const LEAST_NORMAL = 2 ** -126;
/** The same of float16: the distance between 1 and the next one, and between two that are less than normal. */
const EPSILON_16 = 2 ** -10;
const LEAST_16 = 2 ** -24;

/**
 * The largest error of each element with so many roundings behind it. It is above zero also where nothing is rounded:
 * a copy may lose a number that is not normal.
 *
 * @param magnitudes sums of the absolute values of the terms of each element
 */
export const roundingBounds = (terms: number, magnitudes: Float64Array): Float64Array =>
  magnitudes.map((magnitude) => EPSILON * terms * Math.abs(magnitude) + LEAST_NORMAL * Math.max(terms, 1));

/**
 * The same for a result that is then rounded once more, to float16: up or down, as WGSL leaves it to the device.
 */
export const float16Bounds = (bounds: Float64Array, expected: Float64Array): Float64Array =>
  bounds.map((bound, i) => bound + EPSILON_16 * (Math.abs(expected[i] as number) + bound) + LEAST_16);

/**
 * The largest error of each element of a kernel's outputs. Whole numbers have none.
 *
 * @param float16 outputs that are stored as float16
 */
export function outputBounds<P extends object, B extends string>(
  kernel: Kernel<P, B>,
  params: P,
  inputs: Arrays<B>,
  expected: Partial<Record<B, Float64Array>>,
  float16: readonly string[] = [],
): Partial<Record<B, Float64Array>> {
  const magnitudes = kernel.magnitudes(params, inputs);
  const bounds: Partial<Record<B, Float64Array>> = {};
  for (const name of Object.keys(expected) as B[]) {
    const values = expected[name] as Float64Array;
    const sizes = kernel.bindings[name].type === 'u32' ? new Float64Array(values.length) : magnitudes[name];
    if (sizes?.length !== values.length)
      throw new Error(`${kernel.name}: ${values.length} magnitudes of ${name} needed`);
    const float32 = kernel.bindings[name].type === 'u32' ? sizes : roundingBounds(kernel.terms(params), sizes);
    bounds[name] = float16.includes(name) ? float16Bounds(float32, values) : float32;
  }
  return bounds;
}

/**
 * Compares element by element, each with its own bound, and names the element that is furthest beyond. What is not
 * finite is beyond every bound, unless the same is expected.
 */
export function expectClose(label: string, got: Float64Array, expected: Float64Array, bounds: Float64Array): void {
  expect([got.length, bounds.length], `${label}: length`).toEqual([expected.length, expected.length]);
  let worst = 0;
  let excess = Number.NEGATIVE_INFINITY;
  got.forEach((value, i) => {
    const right = expected[i] as number;
    const distance = Object.is(value, right) ? 0 : Math.abs(value - right);
    const difference = distance - (bounds[i] as number);
    const beyond = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
    if (beyond > excess) {
      excess = beyond;
      worst = i;
    }
  });
  expect(
    excess,
    `${label}[${worst}]: got ${got[worst]}, expected ${expected[worst]}, allowed ${bounds[worst]}`,
  ).toBeLessThanOrEqual(0);
}
