/**
 * Successive halving: all trials train for a few epochs, the best of them for more, the best of those for more again.
 * A trial's value counts its epochs up to the rung alone, and a rung is decided when all of its trials have come to
 * their values. So decisions follow from the values, not from the order in which they came, and are the same however
 * often the sweep was killed. Grid and random searches are ladders of a single rung.
 *
 * Source: Jamieson and Talwalkar, *Non-stochastic best arm identification and hyperparameter optimization* (2016).
 * The asynchronous form (ASHA; Li et al., 2020) promotes by what is known at a moment, which the clock decides.
 */
import type { ResolvedSweep } from './schema.js';

/** A step of the ladder: so many trials train up to so many epochs. */
export interface Rung {
  readonly epochs: number;
  readonly trials: number;
}

/**
 * r · ηᵏ epochs at rung k, as long as that is less than `epochs`, which the last rung has; of n trials at a rung,
 * ⌊n / η⌋ come to the next, at least one.
 *
 * @param trials at the first rung
 * @param epochs at the last rung
 */
export function rungsOf({ method }: Pick<ResolvedSweep, 'method'>, trials: number, epochs: number): Rung[] {
  if (method.type !== 'halving') return [{ epochs, trials }];
  const { factor, minEpochs } = method;
  const rungs: Rung[] = [];
  let left = trials;
  for (let some = minEpochs; some < epochs; some *= factor) {
    rungs.push({ epochs: some, trials: left });
    left = Math.max(1, Math.floor(left / factor));
  }
  return [...rungs, { epochs, trials: left }];
}

/** A trial's value at a rung; null if it has failed, undefined if it has not come there yet. */
export type Value = number | null | undefined;

/** What there is to do and what is decided. */
export interface Standing {
  /** Of each rung that has begun, its trials by their numbers from 0, in this order. */
  readonly rungs: readonly (readonly number[])[];
  /** Trials without a value at the last of these rungs, and the epochs that they are to have. */
  readonly waiting: readonly { readonly trial: number; readonly epochs: number }[];
}

/** @param valueAt of a trial after a number of epochs */
export function standingOf(
  rungs: readonly Rung[],
  goal: ResolvedSweep['goal'],
  valueAt: (trial: number, epochs: number) => Value,
): Standing {
  const begun: (readonly number[])[] = [];
  let members = Array.from({ length: rungs[0]?.trials ?? 0 }, (_, trial) => trial);
  for (const [k, { epochs }] of rungs.entries()) {
    begun.push(members);
    const waiting = members.filter((trial) => valueAt(trial, epochs) === undefined);
    if (waiting.length > 0) return { rungs: begun, waiting: waiting.map((trial) => ({ trial, epochs })) };
    const next = rungs[k + 1];
    const best = bestFirst(members, goal, (trial) => valueAt(trial, epochs) as number | null);
    members = best.slice(0, next?.trials ?? 0).sort((a, b) => a - b);
    if (members.length === 0) break;
  }
  return { rungs: begun, waiting: [] };
}

/** Trials by their values, of equals the earlier; those that have failed are left out. */
export const bestFirst = (
  trials: readonly number[],
  goal: ResolvedSweep['goal'],
  resultOf: (trial: number) => Value,
): number[] =>
  trials
    .flatMap((trial) => {
      const value = resultOf(trial) ?? undefined;
      return value === undefined ? [] : [{ trial, cost: goal === 'min' ? value : -value }];
    })
    .sort((a, b) => a.cost - b.cost || a.trial - b.trial)
    .map(({ trial }) => trial);

/** The best of some epochs' values; null where none is a number. */
export function bestValue(values: readonly (number | undefined)[], goal: ResolvedSweep['goal']): number | null {
  const numbers = values.filter((value): value is number => Number.isFinite(value));
  if (numbers.length === 0) return null;
  return numbers.reduce((best, value) => (goal === 'min' ? Math.min(best, value) : Math.max(best, value)));
}
