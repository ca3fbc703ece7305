/**
 * If these failed, a sweep would try values outside of its ranges or some twice, would have other trials when it is
 * resumed, or would stop the best trials instead of the worst.
 */
import { expect, test } from 'vitest';
import { checkSweep } from './check.js';
import { type Values, valuesOf } from './draws.js';
import { bestValue, rungsOf, standingOf, type Value } from './halving.js';
import type { ResolvedSweep, Sweep } from './schema.js';

const parameters: Sweep['parameters'] = {
  rate: { type: 'logUniform', low: 1e-4, high: 1e-1, points: 4 },
  dropout: { type: 'uniform', low: 0.1, high: 0.5, points: 3 },
  filters: { type: 'integer', low: 4, high: 16, step: 4 },
  optimizer: { type: 'choice', values: ['Adam', { type: 'SGD', momentum: 0.9 }] },
};
const made = (sweep: Partial<Sweep>): Promise<ResolvedSweep> =>
  checkSweep({ parameters, budget: { trials: 500 }, ...sweep }, 'sweep.json');
const numbers = (all: readonly Values[], path: string): number[] => all.map((values) => values[path] as number);

test('drawn values lie in their ranges, as often in each factor of ten, and every choice comes up', async () => {
  const all = [...valuesOf(await made({}))];
  expect(all.length).toBe(500);
  const rates = numbers(all, 'rate');
  expect(Math.min(...rates)).toBeGreaterThanOrEqual(1e-4);
  expect(Math.max(...rates)).toBeLessThanOrEqual(1e-1);
  for (const low of [1e-4, 1e-3, 1e-2]) {
    // 500 draws, each with a chance of 1/3: mean 166.7, deviation 10.5; five deviations.
    const inside = rates.filter((rate) => rate >= low && rate < 10 * low).length;
    expect(Math.abs(inside - 500 / 3)).toBeLessThan(5 * Math.sqrt((500 * 2) / 9));
  }
  const dropouts = numbers(all, 'dropout');
  expect(Math.min(...dropouts)).toBeGreaterThanOrEqual(0.1);
  expect(Math.max(...dropouts)).toBeLessThanOrEqual(0.5);
  expect([...new Set(numbers(all, 'filters'))].sort((a, b) => a - b)).toEqual([4, 8, 12, 16]);
  expect(new Set(all.map(({ optimizer }) => JSON.stringify(optimizer))).size).toBe(2);
});

test('the same seed draws the same trials, more of them begin with the same, and parameters draw apart', async () => {
  const all = [...valuesOf(await made({ budget: { trials: 20 } }))];
  expect([...valuesOf(await made({ budget: { trials: 30 } }))].slice(0, 20)).toEqual(all);
  expect([...valuesOf(await made({ budget: { trials: 20 }, seed: 1 }))]).not.toEqual(all);
  const { rate } = parameters;
  const alone = [...valuesOf(await made({ budget: { trials: 20 }, parameters: { rate } as Sweep['parameters'] }))];
  expect(numbers(alone, 'rate')).toEqual(numbers(all, 'rate'));
});

test('no combination is tried twice, and a search ends when there are no more', async () => {
  const few: Sweep['parameters'] = { a: { type: 'choice', values: [1, 2] }, b: { type: 'integer', low: 0, high: 2 } };
  const all = [...valuesOf(await made({ parameters: few }))];
  expect(new Set(all.map((values) => JSON.stringify(values))).size).toBe(all.length);
  expect(all.length).toBe(6);
});

test('a grid has every combination, with the last parameter changing first', async () => {
  const all = [...valuesOf(await made({ method: { type: 'grid' }, budget: {} }))];
  expect(all.length).toBe(4 * 3 * 4 * 2);
  expect(all[0]).toEqual({ rate: 1e-4, dropout: 0.1, filters: 4, optimizer: 'Adam' });
  expect(all[1]).toEqual({ rate: 1e-4, dropout: 0.1, filters: 4, optimizer: { type: 'SGD', momentum: 0.9 } });
  expect([...new Set(numbers(all, 'rate'))]).toEqual([1e-4, 1e-3, 1e-2, 1e-1]);
  expect([...new Set(numbers(all, 'dropout'))]).toEqual([0.1, 0.3, 0.5]);
});

test('rungs have a factor more epochs and fewer trials, up to all epochs', async () => {
  const halving = await made({ method: { type: 'halving' } });
  expect(rungsOf(halving, 24, 9)).toEqual([
    { epochs: 1, trials: 24 },
    { epochs: 3, trials: 8 },
    { epochs: 9, trials: 2 },
  ]);
  expect(rungsOf(halving, 2, 4)).toEqual([
    { epochs: 1, trials: 2 },
    { epochs: 3, trials: 1 },
    { epochs: 4, trials: 1 },
  ]);
  expect(rungsOf(await made({}), 24, 9)).toEqual([{ epochs: 9, trials: 24 }]);
});

test('the best of a rung go on, whatever order their values came in; failed ones never', () => {
  const rungs = [
    { epochs: 1, trials: 4 },
    { epochs: 2, trials: 2 },
    { epochs: 4, trials: 1 },
  ];
  const known = new Map<string, Value>();
  const standing = (goal: 'min' | 'max') => standingOf(rungs, goal, (trial, epochs) => known.get(`${trial} ${epochs}`));
  expect(standing('max').waiting.map(({ trial }) => trial)).toEqual([0, 1, 2, 3]);
  known.set('3 1', 0.9).set('1 1', 0.9).set('0 1', null);
  expect(standing('max')).toEqual({ rungs: [[0, 1, 2, 3]], waiting: [{ trial: 2, epochs: 1 }] });
  known.set('2 1', 0.2);
  expect(standing('max').waiting).toEqual([
    { trial: 1, epochs: 2 },
    { trial: 3, epochs: 2 },
  ]);
  expect(standing('min').waiting.map(({ trial }) => trial)).toEqual([1, 2]);
  known.set('1 2', 0.91).set('3 2', 0.92).set('3 4', 0.95);
  expect(standing('max')).toEqual({ rungs: [[0, 1, 2, 3], [1, 3], [3]], waiting: [] });
});

test('a rung of which all trials have failed is the last', () => {
  const rungs = rungsOf({ method: { type: 'halving', factor: 2, minEpochs: 1 } }, 2, 4);
  expect(standingOf(rungs, 'max', () => null)).toEqual({ rungs: [[0, 1]], waiting: [] });
});

test('a trial counts by its best epoch that is a number', () => {
  expect(bestValue([0.3, Number.NaN, undefined, 0.2], 'min')).toBe(0.2);
  expect(bestValue([0.3, Number.POSITIVE_INFINITY, 0.2], 'max')).toBe(0.3);
  expect(bestValue([Number.NaN], 'max')).toBeNull();
});

test.each<[string, unknown, string]>([
  ['a list', [], 'a sweep is an object'],
  ['no parameter', { parameters: {} }, 'parameters: it names no parameter'],
  ['a mistyped key', { parameter: {} }, '"parameter" is not known here (did you mean "parameters"?)'],
  ['a mistyped type', { parameters: { a: { type: 'loguniform', low: 1, high: 2 } } }, '(did you mean "logUniform"?)'],
  ['an empty range', { parameters: { a: { type: 'uniform', low: 2, high: 2 } } }, 'low must be less than high'],
  ['a logarithm of 0', { parameters: { a: { type: 'logUniform', low: 0, high: 2 } } }, 'parameters.a.low'],
  ['an endless search', { budget: {} }, 'a random search ends after a number of "trials" or "minutes"'],
  ['halving without trials', { method: { type: 'halving' }, budget: { minutes: 1 } }, 'how many trials begin'],
  [
    'a grid of endless values',
    { method: { type: 'grid' }, parameters: { a: { type: 'uniform', low: 0, high: 1 } } },
    'parameters.a: a grid needs to know how many values to take',
  ],
  [
    'epochs beside halving',
    { method: { type: 'halving' }, parameters: { 'phases.0.epochs': { type: 'integer', low: 1, high: 9 } } },
    'halving itself chooses how many epochs',
  ],
])('%s is refused in words', async (_, sweep, message) => {
  const whole = Array.isArray(sweep) ? sweep : { parameters, budget: { trials: 3 }, ...(sweep as object) };
  await expect(checkSweep(whole, 'sweep.json')).rejects.toThrow(message);
});

test('of a loss or an error the least is best, of all else the most, unless it is said', async () => {
  expect((await made({})).goal).toBe('min');
  expect((await made({ metric: 'val_mean_absolute_error' })).goal).toBe('min');
  expect((await made({ metric: 'val_accuracy' })).goal).toBe('max');
  expect((await made({ metric: 'val_accuracy', goal: 'min' })).goal).toBe('min');
});
