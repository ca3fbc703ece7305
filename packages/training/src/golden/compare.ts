/**
 * How far a replayed golden run is from the original, by groups of tensors, each with a bound of its own.
 *
 * Where the file says what float32 may lose (`float32` in its metadata: the worst relative error of each group when
 * PyTorch computes the same run in float32, or starts from weights that differ in the last place), the bound is eight
 * times that, and at least 1e-5. Gradients that are smaller than a millionth of the largest one hold only rounding, and
 * do not count then.
 */

/** Largest relative error, ‖got − expected‖ / ‖expected‖, of any tensor of a group, where the file does not say. */
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

/** A bound is this many times the error that PyTorch has in float32. */
const MARGIN = 8;
const LEAST_BOUND = 1e-5;
/** A gradient smaller than this share of the largest one is nothing but rounding. */
const NOTHING = 1e-6;

export interface GroupError {
  readonly group: string;
  readonly bound: number;
  /** The worst of the group's tensors. */
  readonly tensor: string;
  readonly error: number;
}

/** What is compared with: a golden run, or a part of one. */
export interface Wanted {
  readonly tensors: ReadonlyMap<string, { readonly values: ArrayLike<number> }>;
  /** Relative errors that float32 may have, by group. */
  readonly float32?: Readonly<Record<string, number>>;
}

export const isBeyond = ({ error, bound }: GroupError): boolean => !(error <= bound);

/** The errors of each group's worst tensor; a group that the run does not have is left out. */
export function compare({ tensors, float32 }: Wanted, got: ReadonlyMap<string, ArrayLike<number>>): GroupError[] {
  return GROUPS.flatMap(({ name, bound: usual, matches }): GroupError[] => {
    const group = [...tensors].filter(([tensor]) => matches.test(tensor));
    const largest = Math.max(0, ...group.map(([, { values }]) => norm(values)));
    const counted = group.filter(
      ([, { values }]) => name !== 'gradients' || !float32 || norm(values) > NOTHING * largest,
    );
    const errors = counted.map(([tensor, { values }]) => ({
      tensor,
      error: relativeError(got.get(tensor) ?? [], values),
    }));
    const [first, ...rest] = errors;
    if (!first) return [];
    const lost = float32?.[name.toLowerCase()];
    const bound = lost === undefined ? usual : Math.max(MARGIN * lost, LEAST_BOUND);
    return [{ group: name, bound, ...rest.reduce((a, b) => (isWorse(b.error, a.error) ? b : a), first) }];
  });
}

const isWorse = (a: number, b: number): boolean => Number.isNaN(a) || a > b;

function norm(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] as number) ** 2;
  return Math.sqrt(sum);
}

/** ‖got − expected‖ / ‖expected‖; infinite if the lengths differ. */
function relativeError(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (got.length !== expected.length) return Number.POSITIVE_INFINITY;
  const difference = Float64Array.from(expected, (value, i) => (got[i] as number) - value);
  return norm(difference) / Math.max(norm(expected), Number.MIN_VALUE);
}
