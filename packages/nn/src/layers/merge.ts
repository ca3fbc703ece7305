/** What layers of several inputs have in common. */
import { type Shape, sizeOf } from '../autograd/tensor.js';
import { Mismatch } from './expect.js';

/** @throws Mismatch unless there are at least two inputs, all of one shape */
export function alike(inputs: readonly Shape[]): Shape {
  const [output, ...others] = inputs;
  if (!output || others.length === 0 || others.some((shape) => shape.join() !== output.join()))
    throw new Mismatch('at least two inputs of one shape');
  return output;
}

/** A shape as (outer, length, inner), where another one has 1 in place of `length`. */
export interface Repetition {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

/**
 * How b is repeated to become as large as a: along neighbouring axes, where b has 1. If b has fewer axes, those behind
 * the batch are missing, as in Keras.
 *
 * @returns undefined if it cannot be
 */
export function repetition(a: Shape, b: Shape): Repetition | undefined {
  if (b.length > a.length) return undefined;
  const sides = [...a.slice(b.length).map(() => 1), ...b];
  const first = a.findIndex((side, axis) => side !== sides[axis]);
  if (first < 0) return { outer: 1, length: 1, inner: sizeOf(a) };
  const end = a.findLastIndex((side, axis) => side !== sides[axis]) + 1;
  if (sides.slice(first, end).some((side) => side !== 1)) return undefined;
  const size = (from: number, to?: number): number => sizeOf(a.slice(from, to));
  return { outer: size(0, first), length: size(first, end), inner: size(end) };
}
