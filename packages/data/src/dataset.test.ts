import { expect, test } from 'vitest';
import { ImageDataset, splitForValidation } from './dataset.js';

const dataset = (labels: readonly number[]): ImageDataset =>
  new ImageDataset(
    'train.csv',
    [1, 1, 1],
    Uint8Array.from(labels, (_, i) => i),
    Uint8Array.from(labels),
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

test('shuffling keeps images and labels together, and depends on the seed alone', () => {
  const data = dataset(Array.from({ length: 50 }, (_, i) => i % 10));
  const shuffled = data.shuffled(3);
  expect(Array.from(shuffled.pixels, (pixel) => pixel % 10)).toEqual(Array.from(shuffled.labels ?? []));
  expect(Array.from(shuffled.pixels).sort((a, b) => a - b)).toEqual(Array.from(data.pixels));
  expect(shuffled.pixels).toEqual(data.shuffled(3).pixels);
  expect(shuffled.pixels).not.toEqual(data.shuffled(4).pixels);
});

test('labels count the classes of whoever is asked', () => {
  const [names, ids] = [
    ['cat', 'dog'],
    ['x.png', 'y.png'],
  ];
  const data = new ImageDataset('pets', [1, 1, 1], Uint8Array.of(5, 6), Uint8Array.of(1, 0), ids, names);
  const other = data.withClasses(['bird', 'cat', 'dog']);
  expect(Array.from(other.labels ?? [])).toEqual([2, 1]);
  expect(other.classes).toBe(3);
  expect(() => data.withClasses(['cat'])).toThrow('x.png: the class "dog" is none of cat');
  expect(dataset([3]).withClasses(['0']).labels).toEqual(Uint8Array.of(3));
});
