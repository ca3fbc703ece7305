/** If these failed, a sweep's report would call parameters important that are not, or overlook those that are. */
import { Random } from '@anke/random';
import { expect, test } from 'vitest';
import { importanceOf } from './importance.js';

const random = new Random(1, 'importance');
const tried = (resultOf: (value: number, noise: number) => number, n = 200) =>
  Array.from({ length: n }, () => {
    const value = random.uniform();
    return { value, result: resultOf(value, random.uniform()) };
  });

test('a parameter that decides everything has almost all, also where the middle is best', () => {
  // Four groups of equal size leave 1/16 of the ranks' variance within them.
  expect(importanceOf(tried((value) => value ** 3))).toBeCloseTo(15 / 16, 1);
  expect(importanceOf(tried((value) => -((value - 0.5) ** 2)))).toBeGreaterThan(0.6);
});

test('one that decides nothing has about nothing, however many its groups are', () => {
  const mean = (n: number) =>
    Array.from({ length: 200 }, () => importanceOf(tried((_, noise) => noise, n)) as number).reduce((a, b) => a + b) /
    200;
  // Without the correction for g groups of n trials, it would be (g − 1) / (n − 1) = 0.13 on average.
  expect(mean(24)).toBeLessThan(0.08);
});

test('choices are groups, in whatever they are; equal results tell nothing; few trials cannot tell', () => {
  const choices = Array.from({ length: 12 }, (_, i) => ({ value: i % 2 ? { type: 'SGD' } : 'Adam', result: i % 2 }));
  expect(importanceOf(choices)).toBe(1);
  expect(importanceOf(choices.map(({ value }) => ({ value, result: 3 })))).toBe(0);
  expect(importanceOf(choices.slice(0, 3))).toBeUndefined();
  expect(importanceOf(choices.map(({ result }) => ({ value: 1, result })))).toBeUndefined();
});

test('values beyond all bounds count by their rank', () => {
  const trials = Array.from({ length: 16 }, (_, i) => ({ value: i, result: i === 15 ? 1e30 : i }));
  expect(importanceOf(trials)).toBeGreaterThan(0.9);
});
