/** Whether a training has left all bounds: the one rule, while it runs and when its folder is read. */
import type { ResolvedRecipe } from '../recipe/schema.js';
import type { EpochRecord } from './events.js';

/** A cross-entropy so large is no guess any more: guessing among a million classes costs ln(10⁶), about 14. */
const LOST = 100;

/** @param records of the epochs so far; the last one tells */
export function hasDiverged(records: readonly EpochRecord[], { loss }: Pick<ResolvedRecipe, 'loss'>): boolean {
  const last = records.at(-1)?.['loss'];
  if (last === undefined) return false;
  // Squares of distances may be large in a good training.
  return !Number.isFinite(last) || (loss.type !== 'MeanSquaredError' && last > LOST);
}
