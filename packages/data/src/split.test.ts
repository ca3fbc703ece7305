/** If these failed, training would see the images that are held out for validation, or lack some of the classes. */
import { describe, expect, test } from 'vitest';
import { ImageDataset } from './dataset.js';
import { splitByWriter, splitForValidation } from './split.js';

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
    'training has 0, 1 and validation (the first 2 rows) has 0; draw the rows by class (stratified), shuffle',
  );
});

test('neither part may be empty', () => {
  expect(() => splitForValidation(dataset([0, 1, 0]), 0.2)).toThrow('leaves 0 of 3 rows for validation');
});

test('of many classes only some are listed', () => {
  const labels = Array.from({ length: 5000 }, (_, i) => i);
  expect(() => splitForValidation(dataset(labels), 0.5)).toThrow(/18, 19 and 2480 more; draw/);
});

test('rows drawn by a seed are the same again, in the order of the file, and others by another seed', () => {
  const data = dataset(Array.from({ length: 100 }, (_, i) => i % 2));
  const drawn = (seed: number): number[][] => {
    const { training, validation } = splitForValidation(data, 0.2, { seed });
    return [Array.from(training.pixels), Array.from(validation.pixels)];
  };
  const [training, validation] = drawn(1) as [number[], number[]];
  expect(drawn(1)).toEqual([training, validation]);
  expect(drawn(2)).not.toEqual([training, validation]);
  expect(validation).toHaveLength(20);
  expect(validation).not.toEqual(Array.from({ length: 20 }, (_, i) => i));
  for (const part of [training, validation]) expect(part).toEqual(part.toSorted((a, b) => a - b));
  expect([...training, ...validation].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
});

test.each([undefined, 7])('stratified, each class gives its share (seed %s)', (seed) => {
  // Classes that follow one another, of which the first rows would hold only the first.
  const data = dataset([...new Array(51).fill(0), ...new Array(29).fill(1), ...new Array(20).fill(2)]);
  const { training, validation } = splitForValidation(data, 0.25, { seed, stratified: true });
  const counts = (labels: Uint32Array = new Uint32Array()): number[] =>
    [0, 1, 2].map((label) => labels.filter((one) => one === label).length);
  // 12.75, 7.25 and 5: the one that is left goes to the largest remainder.
  expect(counts(validation.labels)).toEqual([13, 7, 5]);
  expect(counts(training.labels)).toEqual([38, 22, 15]);
  const firstOfEach = [
    ...Array.from({ length: 13 }, (_, i) => i),
    ...[51, 52, 53, 54, 55, 56, 57],
    ...[80, 81, 82, 83, 84],
  ];
  if (seed === undefined) expect(Array.from(validation.pixels)).toEqual(firstOfEach);
  else expect(Array.from(validation.pixels)).not.toEqual(firstOfEach);
});

test('stratified, a class that is too small is told', () => {
  const few = dataset([0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
  expect(() => splitForValidation(few, 0.2, { stratified: true })).toThrow(
    'validation (2 chosen rows) has 0; a class needs more images, or a larger share must be held out',
  );
});

describe('folds of writers', () => {
  // Seven writers of four rows, the last of whom has but two.
  const data = dataset(Array.from({ length: 26 }, (_, i) => i % 2));
  const heldIn = (fold: number, count: number): number[] => {
    const { training, validation } = splitByWriter(data, { count, fold, rowsPerWriter: 4 });
    const [held, others] = [validation, training].map(({ pixels }) => Array.from(pixels)) as [number[], number[]];
    expect(others).toEqual(Array.from(data.pixels).filter((row) => !held.includes(row)));
    return held;
  };

  test('hold whole writers, and each row once', () => {
    expect(heldIn(1, 3)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(heldIn(3, 3)).toEqual([16, 17, 18, 19, 20, 21, 22, 23, 24, 25]);
    for (const count of [2, 3, 7]) {
      const all = Array.from({ length: count }, (_, i) => heldIn(i + 1, count)).flat();
      expect(all).toEqual(Array.from(data.pixels));
    }
  });

  test('are no more than there are writers, and of all classes', () => {
    expect(() => heldIn(1, 8)).toThrow('7 writers (26 rows, 4 of each) cannot be parted into 8 folds');
    const sorted = dataset([0, 0, 0, 0, 1, 1, 1, 1]);
    expect(() => splitByWriter(sorted, { count: 2, fold: 2, rowsPerWriter: 4 })).toThrow(
      'fold 2 of 2 holds the classes 1, the others 0; both need the same',
    );
  });
});
