/** How far a replayed golden run is from the original, by groups of tensors, each with a bound of its own. */
import type { GoldenRun } from './golden-run.js';

/** Largest relative error, ‖found − expected‖ / ‖expected‖, of any tensor of a group. */
const GROUPS = [
  { name: 'logits', bound: 1e-4, matches: /^step1\/logits$/ },
  { name: 'gradients', bound: 1e-3, matches: /^step1\/grad\// },
  { name: 'averages', bound: 1e-3, matches: /^step1\/.*\.moving_/ },
  { name: 'Adam losses', bound: 1e-3, matches: /^adam\/losses$/ },
  { name: 'SGD losses', bound: 1e-3, matches: /^sgd\/losses$/ },
  { name: 'Adam weights', bound: 1e-2, matches: /^adam\/final\// },
  { name: 'SGD weights', bound: 1e-2, matches: /^sgd\/final\// },
  { name: 'Adam logits', bound: 1e-2, matches: /^adam\/eval_logits$/ },
  { name: 'SGD logits', bound: 1e-2, matches: /^sgd\/eval_logits$/ },
] as const;

export interface GroupError {
  readonly group: string;
  readonly bound: number;
  /** The worst of the group's tensors. */
  readonly tensor: string;
  readonly error: number;
}

/** The errors of each group's worst tensor. */
export function compare(golden: GoldenRun, got: ReadonlyMap<string, ArrayLike<number>>): GroupError[] {
  return GROUPS.map(({ name, bound, matches }) => {
    const errors = [...golden.tensors]
      .filter(([tensor]) => matches.test(tensor))
      .map(([tensor, { values }]) => ({ tensor, error: relativeError(got.get(tensor) ?? [], values) }));
    const worst = errors.reduce((a, b) => (a.error >= b.error || Number.isNaN(a.error) ? a : b));
    return { group: name, bound, ...worst };
  });
}

/** ‖found − expected‖ / ‖expected‖; infinite if the lengths differ. */
function relativeError(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let size = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += ((found[i] as number) - (expected[i] as number)) ** 2;
    size += (expected[i] as number) ** 2;
  }
  return Math.sqrt(difference) / Math.max(Math.sqrt(size), Number.MIN_VALUE);
}
