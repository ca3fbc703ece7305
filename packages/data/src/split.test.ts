/** If these failed, training would see the images that are held out for validation, or lack some of the classes. */
import { expect, test } from 'vitest';
import { ImageDataset } from './dataset.js';
import { splitForValidation } from './split.js';

const dataset = (labels: readonly number[]): ImageDataset =>
  new ImageDataset(
    'train.csv',
    [1, 1, 1],
    Uint8Array.from(labels, (_, i) => i),
    { labels: Uint32Array.from(labels) },
  );

test('the first part, rounded down, is for validation', () => {
  const { training, validation } = splitForValidation(dataset([0, 1, 0, 1, 0, 1, 0]), 0.3);
  expect(Array.from(validation.pixels)).toEqual([0, 1]);
  expect(Array.from(training.pixels)).toEqual([2, 3, 4, 5, 6]);
});

test('both parts must hold the same classes', () => {
  expect(() => splitForValidation(dataset([0, 0, 1, 0, 1]), 0.4)).toThrow(
    'training has 0, 1 and validation (the first 2 rows) has 0; shuffle the file or change the split',
  );
});

test('neither part may be empty', () => {
  expect(() => splitForValidation(dataset([0, 1, 0]), 0.2)).toThrow('leaves 0 of 3 rows for validation');
});

test('of many classes only some are listed', () => {
  const labels = Array.from({ length: 5000 }, (_, i) => i);
  expect(() => splitForValidation(dataset(labels), 0.5)).toThrow(/18, 19 and 2480 more; shuffle/);
});
