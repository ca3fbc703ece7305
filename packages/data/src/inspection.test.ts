/**
 * If these failed, `anke inspect` would miss duplicates, contradictions or missing classes, or report ones that are not
 * there.
 */
import { expect, test } from 'vitest';
import { ImageDataset } from './dataset.js';
import { areInverted, countShared, inspect, missingClasses, pixelStatistics } from './inspection.js';

const dataset = (rows: readonly (readonly number[])[], labels?: readonly number[]): ImageDataset =>
  new ImageDataset('x.csv', [3, 3, 1], Uint8Array.from(rows.flat()), { labels: labels && Uint32Array.from(labels) });
const ring = [1, 1, 1, 1, 9, 1, 1, 1, 1];
const other = [1, 1, 1, 1, 8, 1, 1, 1, 1];
const flat = [5, 5, 5, 5, 5, 5, 5, 5, 5];

test('classes, duplicates, contradictions and constant images are counted', () => {
  const result = inspect(dataset([ring, other, flat, ring, ring, flat], [0, 1, 2, 0, 3, 2]));
  expect(result.classes?.map(({ images }) => images).slice(0, 5)).toEqual([1 + 1, 1, 2, 1]);
  expect(result.duplicates).toBe(3);
  expect(result.contradictions).toEqual([[0, 4]]);
  expect(result.constant).toEqual([2, 5]);
  expect(inspect(dataset([ring])).classes).toBeUndefined();
});

test('statistics of pixels', () => {
  const { mean, deviation, least, most, border } = pixelStatistics(dataset([ring, flat]));
  expect(mean).toBeCloseTo((8 + 9 + 45) / 18, 12);
  const squares = 8 * 1 + 81 + 9 * 25;
  expect(deviation).toBeCloseTo(Math.sqrt(squares / 18 - mean ** 2), 12);
  expect([least, most, border]).toEqual([1, 9, (8 + 40) / 16]);
  const row = new ImageDataset('x', [1, 3, 1], Uint8Array.of(1, 2, 6));
  expect(pixelStatistics(row).border).toBe(3);
});

test('images that are in two sets, classes that are in one, grounds that differ', () => {
  expect(countShared(dataset([ring, flat]), dataset([other, flat, flat]))).toBe(2);
  const data = dataset([ring, flat], [1, 4]);
  expect(missingClasses(data, data.labels as Uint32Array, Uint32Array.of(1, 2))).toEqual(['4']);
  const light = dataset([ring.map((pixel) => 255 - pixel)]);
  expect(areInverted(pixelStatistics(light), pixelStatistics(data))).toBe(true);
  expect(areInverted(pixelStatistics(data), pixelStatistics(dataset([other])))).toBe(false);
});
