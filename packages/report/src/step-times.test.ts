/** Times of kernels are medians of rounds that are warm, and are held against the run's own. */
import type { DispatchTime, Recording } from '@anke/kernels';
import { expect, test } from 'vitest';
import { remarkOn, stepOfRun } from './step-times.js';
import { timeDispatches } from './timing.js';

test('the first rounds do not count, and of the others the median does', async () => {
  // A cold first round, as the device has it, and one that something else has held up.
  const rounds = [5000, 12, 100, 90, 1000, ...new Array<number>(20).fill(101)];
  let at = 0;
  let begun = 0;
  const time = async (): Promise<DispatchTime[]> => {
    expect(begun).toBe(at + 1);
    const milliseconds = rounds[at++] as number;
    return ['first', 'second'].map((kernel, i) => ({
      kernel,
      variant: 'plain',
      cost: { flops: 1, bytes: 1 },
      milliseconds: milliseconds * (i + 1),
    }));
  };
  const { rounds: counted, times } = await timeDispatches({ time } as Recording, () => void begun++);
  expect(counted).toBe(15);
  expect(at).toBe(17);
  expect(times.map(({ kernel, milliseconds }) => [kernel, milliseconds])).toEqual([
    ['first', 101],
    ['second', 202],
  ]);
});

test('a step of the run is told from the median epoch of the first phase', () => {
  const phase = (...seconds: number[]) => ({
    name: 'adam',
    epochs: seconds.map((one) => ({ seconds: one })),
    bestEpoch: undefined,
    stoppedEarly: false,
  });
  expect(stepOfRun([phase(), phase(9, 4, 3), phase(100)], 100)).toBe(40);
  expect(stepOfRun([phase()], 100)).toBeUndefined();
});

test('where the kernels’ sum and the run do not fit together, it is said by how much', () => {
  expect(remarkOn({ ms: 60, ofRun: 70 })).toBe(
    'In the run, a step took 70.0 ms by the clock, with its share of the validation.',
  );
  expect(remarkOn({ ms: 50, ofRun: 95 })).toContain('1.9 times the kernels’ sum');
  expect(remarkOn({ ms: 290, ofRun: 78 })).toContain('3.7 times as much');
  expect(remarkOn({ ms: 290, ofRun: undefined })).toBe('');
});
