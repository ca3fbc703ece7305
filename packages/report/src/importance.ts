/**
 * How much a sweep's parameters matter: the share of the results' differences that goes with one parameter's value.
 *
 * Results are replaced by their ranks, so that one bad trial does not outweigh all others, and put into g groups by the
 * parameter's value: each choice is one, numbers are parted into up to four of about the same size. Then (Kelley, 1935)
 *   ε² = 1 − (Σ within / (n − g)) / (Σ total / (n − 1)),   sums of squares around a group's mean, around that of all
 * is about 0 where the value does not matter, unlike the share itself, which is (g − 1) / (n − 1) then; 1 where nothing
 * else does. What only two parameters together bring about is not seen.
 */

/** A trial's value of one parameter, and its result. */
export interface Tried {
  readonly value: unknown;
  readonly result: number;
}

const MOST_GROUPS = 4;
/** In each group of numbers. */
const LEAST_MEMBERS = 3;

/** 0 … 1; undefined where there are too few trials to tell. */
export function importanceOf(trials: readonly Tried[]): number | undefined {
  const groups = groupsOf(trials);
  const n = trials.length;
  const g = new Set(groups).size;
  if (g < 2 || n <= g + 1) return undefined;
  const ranks = ranksOf(trials.map(({ result }) => result));
  const total = squares(ranks);
  if (total === 0) return 0;
  const within = [...new Set(groups)].reduce<number>(
    (sum, group) => sum + squares(ranks.filter((_, i) => groups[i] === group)),
    0,
  );
  return Math.max(0, 1 - within / (n - g) / (total / (n - 1)));
}

/** Σ (x − mean)² */
function squares(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
}

/** The group of each trial. */
function groupsOf(trials: readonly Tried[]): (string | number)[] {
  const values = trials.map(({ value }) => value);
  const different = new Set(values.map((value) => JSON.stringify(value))).size;
  if (different <= MOST_GROUPS || !values.every((value) => typeof value === 'number'))
    return values.map((value) => JSON.stringify(value));
  const count = Math.min(MOST_GROUPS, Math.max(2, Math.floor(values.length / LEAST_MEMBERS)));
  // Equal numbers have equal ranks, and so the same group.
  return ranksOf(values as number[]).map((rank) => Math.min(count - 1, Math.floor((rank * count) / values.length)));
}

/** Ranks from 0; equal numbers have the mean of theirs. */
function ranksOf(values: readonly number[]): number[] {
  return values.map((value) => {
    const below = values.filter((other) => other < value).length;
    const equal = values.filter((other) => other === value).length;
    return below + (equal - 1) / 2;
  });
}
