/**
 * If these failed, random numbers would not be Philox's, would repeat across purposes, or would have a wrong
 * distribution.
 */
import { expect, test } from 'vitest';
import { philox4x32, Random } from './index.js';

// The known-answer vectors that the authors publish with Random123 (kat_vectors, philox4x32 10).
test.each([
  [
    [0, 0, 0, 0],
    [0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
])('philox4x32 gives the published words for counter %j and key %j', (counter, key, words) => {
  const block = Uint32Array.from(counter);
  philox4x32(block, key[0] as number, key[1] as number);
  expect(Array.from(block)).toEqual(words);
});

test('streams repeat by seed, purpose and step, and differ otherwise', () => {
  const draw = (seed: number, purpose: string, step: number): number[] => {
    const random = new Random(seed, purpose, step);
    return Array.from({ length: 9 }, () => random.word());
  };
  expect(draw(1, 'shuffle', 2)).toEqual(draw(1, 'shuffle', 2));
  for (const other of [draw(2, 'shuffle', 2), draw(1, 'weights', 2), draw(1, 'shuffle', 3)]) {
    expect(other).not.toEqual(draw(1, 'shuffle', 2));
  }
});

test('a permutation holds every number once and is not the identity', () => {
  const order = new Random(7, 'shuffle').permutation(1000);
  expect(Array.from(order).sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  expect(order.filter((value, i) => value === i).length).toBeLessThan(20);
});

test('uniform and normal numbers have the moments of their distributions', () => {
  const random = new Random(3, 'moments');
  const count = 20000;
  const uniform = Array.from({ length: count }, () => random.uniform());
  const normal = Array.from({ length: count }, () => random.normal());
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = (values: number[]): number => mean(values.map((value) => value * value)) - mean(values) ** 2;
  // Five standard errors of the mean: 5 · sigma / sqrt(count).
  expect(Math.abs(mean(uniform) - 0.5)).toBeLessThan((5 * Math.sqrt(1 / 12)) / Math.sqrt(count));
  expect(Math.abs(mean(normal))).toBeLessThan(5 / Math.sqrt(count));
  // The variance of a sample variance of normal numbers is 2 / count.
  expect(Math.abs(variance(normal) - 1)).toBeLessThan(5 * Math.sqrt(2 / count));
});
