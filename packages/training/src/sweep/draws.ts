/**
 * The values that trials are to try: drawn by seed, parameter and number of the draw, or all combinations of a grid. A
 * draw depends on nothing else, so the same sweep has the same trials on every machine and whatever came before.
 */
import { Random } from '@anke/random';
import type { Range, ResolvedSweep } from './schema.js';

/** A trial's values, by their paths in the recipe. */
export type Values = Readonly<Record<string, unknown>>;

/** Draws in a row that bring nothing new, after which there is taken to be nothing more. */
const PATIENCE = 1000;

/** The values of one trial after the other, each combination once, at most as many as the budget has. */
export function* valuesOf(sweep: ResolvedSweep): Generator<Values, void, void> {
  const most = sweep.budget.trials ?? Number.POSITIVE_INFINITY;
  const seen = new Set<string>();
  let inVain = 0;
  for (const values of sweep.method.type === 'grid' ? combinationsOf(sweep) : drawsOf(sweep)) {
    if (seen.size >= most || inVain > PATIENCE) return;
    const key = JSON.stringify(values);
    inVain++;
    if (seen.has(key)) continue;
    inVain = 0;
    seen.add(key);
    yield values;
  }
}

function* drawsOf({ parameters, seed }: ResolvedSweep): Generator<Values, void, void> {
  for (let draw = 0; ; draw++) {
    const one = ([path, range]: [string, Range]): [string, unknown] => [
      path,
      drawnFrom(range, new Random(seed, `sweep ${path}`, draw).uniform()),
    ];
    yield Object.fromEntries(Object.entries(parameters).map(one));
  }
}

function* combinationsOf({ parameters }: ResolvedSweep): Generator<Values, void, void> {
  const axes = Object.entries(parameters).map(([path, range]) => [path, gridOf(range)] as const);
  const total = axes.reduce((product, [, values]) => product * values.length, 1);
  for (let i = 0; i < total; i++) {
    let rest = i;
    const chosen = axes.toReversed().map(([path, values]): [string, unknown] => {
      const value = values[rest % values.length];
      rest = Math.floor(rest / values.length);
      return [path, value];
    });
    yield Object.fromEntries(chosen.reverse());
  }
}

/**
 * The value at a place u in [0, 1) of a range:
 *   uniform: low + (high − low) · u     logUniform: low · (high / low)^u     choice, integer: number ⌊n · u⌋ of n
 */
function drawnFrom(range: Range, u: number): unknown {
  if (range.type === 'choice') return range.values[Math.floor(u * range.values.length)];
  if (range.type === 'integer') return range.low + range.step * Math.floor(u * countOf(range));
  return between(range, u);
}

/** What a grid takes of a range; a single point is its low end. */
function gridOf(range: Range): readonly unknown[] {
  if (range.type === 'choice') return range.values;
  if (range.type === 'integer') return Array.from({ length: countOf(range) }, (_, i) => range.low + i * range.step);
  const { points = 1 } = range;
  return Array.from({ length: points }, (_, i) => between(range, i / Math.max(1, points - 1)));
}

const countOf = ({ low, high, step }: Extract<Range, { type: 'integer' }>): number =>
  1 + Math.floor((high - low) / step);

/** Six digits are all that matters, people can read them, and no library's last bit shows in them. */
function between({ type, low, high }: Extract<Range, { low: number }>, u: number): number {
  const value = type === 'logUniform' ? low * (high / low) ** u : low + (high - low) * u;
  return Math.min(high, Math.max(low, Number(value.toPrecision(6))));
}
