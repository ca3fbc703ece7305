/** If this failed, a resumed run would validate on images that it has been trained on. */
import { ImageDataset } from '@anke/data';
import { expect, test } from 'vitest';
import { checkRecipe } from './recipe/check.js';
import { splitText, trainingDataOf } from './training-data.js';

/** One of each class, then 17 or more that follow one another. */
const labels = Uint32Array.from({ length: 60 }, (_, i) => (i < 3 ? i : Math.floor(i / 20)));
const images = new ImageDataset(
  'rows',
  [1, 1, 1],
  Uint8Array.from(labels, (_, i) => i),
  { labels },
);
const layers = [{ type: 'Flatten' }];
const phases = [{ optimizer: { type: 'Adam' }, epochs: 1 }];

test('writers are held out by the recipe alone, and not beside images for validation', async () => {
  const data = { writers: { folds: 3, fold: 2, rowsPerWriter: 20 } };
  const of = (labelled: ImageDataset, held?: ImageDataset) => trainingDataOf(recipe, labelled, held);
  const recipe = await checkRecipe({ data, layers, phases }, 'one');
  const mixed = new ImageDataset('rows', [1, 1, 1], images.pixels, { labels: labels.map((_, i) => i % 3) });
  const held = Array.from(of(mixed).validation.pixels);
  expect(held).toEqual(Array.from({ length: 20 }, (_, i) => 20 + i));
  expect(Array.from(trainingDataOf({ ...recipe, seed: 9 }, mixed).validation.pixels)).toEqual(held);
  expect(of(mixed).training.count).toBe(40);
  expect(splitText(recipe.data)).toBe('fold 2 of 3, by writer');
  expect(() => of(mixed, mixed)).toThrow('these images are for validation, so that no writers can be held out');
});

test.each([
  [{ folds: 1 }, 'data.writers.folds: '],
  [{ folds: 3, fold: 4 }, 'data.writers: the fold must be one of the folds'],
])('writers %j are refused', async (writers, message) => {
  await expect(checkRecipe({ data: { writers }, layers, phases }, 'one')).rejects.toThrow(message);
});

test('whole writers and drawn rows do not go together', async () => {
  const data = { writers: { folds: 2 }, shuffleSplit: true };
  await expect(checkRecipe({ data, layers, phases }, 'one')).rejects.toThrow('no rows can be drawn (shuffleSplit)');
});

test.each([
  [{}, 'the first 20% of the rows', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
  [{ shuffleSplit: true }, '20% of the rows, drawn by the seed', undefined],
  [{ stratified: true }, 'the first 20% of each class', [0, 1, 2, 3, 4, 5, 20, 21, 22, 40, 41, 42]],
  [{ shuffleSplit: true, stratified: true }, '20% of each class, drawn by the seed', undefined],
])('%j: a recipe gives the same parts each time', async (data, text, expected) => {
  const recipe = await checkRecipe({ data, layers, phases }, 'one');
  const held = (seed: number): number[] => Array.from(trainingDataOf({ ...recipe, seed }, images).validation.pixels);
  const ofEach = [0, 1, 2].map((label) => held(5).filter((row) => labels[row] === label).length);
  if (recipe.data.stratified) expect(ofEach).toEqual([4, 4, 4]);
  expect(held(5)).toHaveLength(12);
  expect(held(5)).toEqual(expected ?? held(5));
  if (expected) expect(held(6)).toEqual(expected);
  else expect(held(6)).not.toEqual(held(5));
  expect(splitText(recipe.data)).toBe(text);
});
