/** If these failed, a report would call probabilities honest that are not, or the other way round. */
import { expect, test } from 'vitest';
import { calibrationOf, logLossOf } from './calibration.js';

test('the error is the distance of confidence and accuracy, over the bins', () => {
  // Two classes: three images with 0.9, two of them right; one with 0.6, wrong.
  const probabilities = Float32Array.of(0.9, 0.1, 0.9, 0.1, 0.1, 0.9, 0.6, 0.4);
  const { error, bins } = calibrationOf(probabilities, [0, 1, 1, 1], 2);
  expect(error).toBeCloseTo((3 * Math.abs(2 / 3 - 0.9) + 1 * 0.6) / 4, 6);
  const filled = bins.filter(({ images }) => images > 0);
  expect(filled.map(({ images, accuracy }) => [images, accuracy])).toEqual([
    [1, 0],
    [3, 2 / 3],
  ]);
  for (const { from, to, confidence } of filled) {
    expect(confidence).toBeGreaterThan(from);
    expect(confidence).toBeLessThanOrEqual(to);
  }
  expect(bins).toHaveLength(15);
});

test('certain and right is perfectly calibrated, certain and wrong not at all', () => {
  const certain = Float32Array.of(1, 0, 0, 1);
  expect(calibrationOf(certain, [0, 1], 2).error).toBe(0);
  expect(calibrationOf(certain, [1, 0], 2).error).toBe(1);
});

test('the log loss is that of the labels, and finite', () => {
  expect(logLossOf(Float32Array.of(0.25, 0.75, 0.5, 0.5), [1, 0], 2)).toBeCloseTo(
    -(Math.log(0.75) + Math.log(0.5)) / 2,
  );
  expect(logLossOf(Float32Array.of(0, 1), [0], 2)).toBeCloseTo(-Math.log(1e-7));
});
