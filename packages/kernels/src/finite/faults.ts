/**
 * Values that are not finite. A shader may assume that there are none: `max(NaN, 0)` is 0 on some devices and `x != x`
 * is false, so they are told by the bits of their exponent alone.
 *
 * A pass keeps note of them beside the counters of its steps:
 * - The end of a forward pass counts logits and losses that are not finite. From then on neither weights nor
 *   counters change any more, so that the step can be repeated and looked into.
 * - An optimizer leaves a weight as it is where its gradient, a moment or the new value is not finite, and counts it.
 *   Its note counts from the next step on: within a dispatch, no thread depends on which other one came first.
 */
import type { Binding } from '../runtime/kernel.js';
import { constants } from '../runtime/wgsl.js';

/** What each of the counters is. */
export const COUNTER = {
  /** The step's number, counted from 0. */
  step: 0,
  /** Its index in the epoch. */
  index: 1,
  /** The seed, which stays. */
  seed: 2,
  /** Values that were not finite; if there are any, steps change nothing any more. */
  faults: 3,
  /** Elements that an optimizer left as they were. */
  held: 4,
  /** The length of the weights minus the least index of such an element; 0 if there is none. */
  heldEnd: 5,
  /** Activations of the pass that lay beyond float16's range, if they are stored so. */
  clamped: 6,
} as const;

/** Number of counters. */
export const COUNTERS = Object.keys(COUNTER).length;

/** The counters of a pass, for kernels that count steps or faults. */
export const counters = {
  access: 'update',
  type: 'u32',
  length: () => COUNTERS,
  sample: (_, draw, index) => (index <= COUNTER.seed ? draw.integer(1000) : 0),
} as const satisfies Binding<object>;

/** Names of the counters in shaders. */
export const COUNTERS_WGSL = constants({
  STEP: COUNTER.step,
  INDEX: COUNTER.index,
  FAULTS: COUNTER.faults,
  HELD: COUNTER.held,
  HELD_END: COUNTER.heldEnd,
  CLAMPED: COUNTER.clamped,
});

/** WGSL of `isFinite(x: f32) -> bool`. */
export const FINITE_WGSL = `
fn isFinite(x: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u; }`;

/**
 * WGSL that keeps note of values of which only one goes on, such as the largest: `exponentOf(x: f32) -> u32`, of which
 * the largest is kept, and `unlessNotFinite(y: f32, largest: u32) -> f32`, which is y, or NaN if one was not finite.
 */
export const EXPONENT_WGSL = `
const INFINITE = 0x7f800000u;
fn exponentOf(x: f32) -> u32 { return bitcast<u32>(x) & INFINITE; }
fn unlessNotFinite(y: f32, largest: u32) -> f32 {
  return select(y, bitcast<f32>(largest | 0x400000u), largest == INFINITE);
}`;

/** The counters after a step has found so many values that are not finite. */
export function withFaults(before: Float64Array, found: number): Float64Array {
  const after = before.slice();
  // Later ones follow from the first.
  if (after[COUNTER.faults] === 0) after[COUNTER.faults] = found + (before[COUNTER.held] as number);
  return after;
}

/** How many of some values are not finite as float32. */
export const notFinite = (values: ArrayLike<number>): number => {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(Math.fround(values[i] as number))) count++;
  return count;
};
