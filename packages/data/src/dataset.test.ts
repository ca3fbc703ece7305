/** If these failed, images would lose their labels when they are shuffled, sliced or matched to a model's classes. */
import { expect, test } from 'vitest';
import { ImageDataset } from './dataset.js';

const dataset = (labels: readonly number[]): ImageDataset =>
  new ImageDataset(
    'train.csv',
    [1, 1, 1],
    Uint8Array.from(labels, (_, i) => i),
    { labels: Uint32Array.from(labels) },
  );

test('shuffling keeps images and labels together, and depends on the seed alone', () => {
  const data = dataset(Array.from({ length: 50 }, (_, i) => i % 10));
  const shuffled = data.shuffled(3);
  expect(Array.from(shuffled.pixels, (pixel) => pixel % 10)).toEqual(Array.from(shuffled.labels ?? []));
  expect(Array.from(shuffled.pixels).sort((a, b) => a - b)).toEqual(Array.from(data.pixels));
  expect(shuffled.pixels).toEqual(data.shuffled(3).pixels);
  expect(shuffled.pixels).not.toEqual(data.shuffled(4).pixels);
});

test('labels can be changed to the class numbers of a given list of names', () => {
  const [names, ids] = [
    ['cat', 'dog'],
    ['x.png', 'y.png'],
  ];
  const facts = { labels: Uint32Array.of(1, 0), ids, classNames: names };
  const data = new ImageDataset('pets', [1, 1, 1], Uint8Array.of(5, 6), facts);
  const other = data.withClasses(['bird', 'cat', 'dog']);
  expect(Array.from(other.labels ?? [])).toEqual([2, 1]);
  expect(other.classes).toBe(3);
  expect(() => data.withClasses(['cat'])).toThrow('x.png: the class "dog" is none of cat');
  expect(dataset([3]).withClasses(['0']).labels).toEqual(Uint32Array.of(3));
});

test('there is one class more than the largest label, for any part of the rows too', () => {
  const data = dataset([299, 0, 5]);
  expect([data.classes, data.slice(1, 3).classes, data.shuffled(1).classes]).toEqual([300, 300, 300]);
  expect(data.labelled(Uint32Array.of(1, 0, 1)).classes).toBe(2);
  expect(new ImageDataset('x', [1, 1, 1], Uint8Array.of(1)).classes).toBe(0);
});

test('how pixels become numbers is kept by every part', () => {
  expect([dataset([0]).factor, dataset([0]).offset]).toEqual([1 / 255, 0]);
  const scaled = dataset([0, 1]).scaled(1 / 127.5, -1);
  for (const data of [scaled, scaled.slice(0, 1), scaled.shuffled(1), scaled.labelled(Uint32Array.of(1, 1))])
    expect([data.factor, data.offset]).toEqual([1 / 127.5, -1]);
});
