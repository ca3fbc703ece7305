/** Checks that optimizers and schedules make of their options. */
import { ModelError } from '../errors.js';

/** @throws ModelError if the value is not positive, or no float32 */
export function positive(value: number, what: string): number {
  if (!(value > 0 && Number.isFinite(Math.fround(value))))
    throw new ModelError(`${what} must be positive, not ${value}`);
  return value;
}

/** @throws ModelError if the value is negative, or no float32 */
export function notNegative(value: number, what: string): number {
  if (!(value >= 0 && Number.isFinite(Math.fround(value))))
    throw new ModelError(`${what} must be at least 0, not ${value}`);
  return value;
}

/** @throws ModelError if the value does not lie in 0 … 1, without 1 */
export function fraction(value: number, what: string): number {
  if (!(value >= 0 && value < 1)) throw new ModelError(`${what} must lie in 0 … 1 (without 1), not ${value}`);
  return value;
}
