/** A report's figures must be right: the confusion matrix, precision and recall, and which mistakes are the worst. */
import { ImageDataset } from '@anke/data';
import { expect, test } from 'vitest';
import { evaluationOf } from './evaluation.js';

test('matrix, precision, recall and the worst mistakes', () => {
  const facts = { labels: Uint32Array.of(0, 0, 1, 1, 1), classNames: ['cat', 'dog'] };
  const data = new ImageDataset('x', [1, 1, 1], Uint8Array.of(1, 2, 3, 4, 5), facts);
  const shares = [0.9, 0.1, 0.2, 0.8, 0.6, 0.4, 0.95, 0.05, 0.3, 0.7];
  const { accuracy, matrix, classes, mistakes } = evaluationOf(data, Float32Array.from(shares), 2);
  expect(accuracy).toBeCloseTo(2 / 5, 12);
  expect(matrix).toEqual([
    [1, 1],
    [2, 1],
  ]);
  expect(classes[0]).toEqual({ name: 'cat', images: 2, precision: 1 / 3, recall: 1 / 2 });
  expect(classes[1]).toEqual({ name: 'dog', images: 3, precision: 1 / 2, recall: 1 / 3 });
  expect(mistakes.map(({ row }) => row)).toEqual([3, 1, 2]);
  expect(mistakes[0]).toMatchObject({ label: 1, predicted: 0 });
  expect(mistakes[0]?.confidence).toBeCloseTo(0.95, 6);
});
