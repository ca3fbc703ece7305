/** If these failed, two temporaries that are in use at the same time could share memory and overwrite each other. */
import { Random } from '@anke/random';
import { expect, test } from 'vitest';
import { type Lifetime, planMemory } from './plan.js';

const overlap = (a: Lifetime, b: Lifetime): boolean => a.first <= b.last && b.first <= a.last;

test('lives that follow one another share a buffer', () => {
  const plan = planMemory([
    { bytes: 100, first: 0, last: 1 },
    { bytes: 80, first: 2, last: 3 },
    { bytes: 60, first: 1, last: 2 },
  ]);
  expect(plan.sizes).toEqual([100, 60]);
  expect(plan.buffer).toEqual([0, 0, 1]);
});

test('in random plans, no two lives that overlap share a buffer, and each fits into its own', () => {
  const random = new Random(5, 'plans');
  for (let round = 0; round < 200; round++) {
    const lives = Array.from({ length: 1 + random.integer(30) }, (): Lifetime => {
      const first = random.integer(40);
      return { bytes: 4 * (1 + random.integer(1000)), first, last: first + random.integer(10) };
    });
    const { buffer, sizes } = planMemory(lives);
    lives.forEach((life, i) => {
      expect(sizes[buffer[i] as number]).toBeGreaterThanOrEqual(life.bytes);
      lives.forEach((other, j) => {
        if (i < j && overlap(life, other)) expect(buffer[i]).not.toBe(buffer[j]);
      });
    });
    expect(sizes.reduce((a, b) => a + b)).toBeLessThanOrEqual(lives.reduce((sum, { bytes }) => sum + bytes, 0));
  }
});
