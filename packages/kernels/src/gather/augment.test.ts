/**
 * If these failed, training images would be changed in another way than the options say, or differently in a second
 * run.
 */
import { expect, test } from 'vitest';
import { checkKernel, runKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { augment } from './augment.js';
import type { Augmentation, AugmentParams } from './augmentation.js';

const gpu = useGpu();
checkKernel(gpu, augment);

const still: Augmentation = {
  rotation: 0,
  heightShift: 0,
  widthShift: 0,
  shear: 0,
  zoom: [1, 1],
  horizontalFlip: false,
  verticalFlip: false,
  brightness: [1, 1],
  fillMode: 'constant',
  cval: 7,
};

const LITTLE = [1, 2, 3, 4, 5, 6, 7, 8, 9];

/** Every image of a batch of nine pixels, 1 … 9, by what became of it. */
async function changes(change: Partial<Augmentation>, images = 64, seed = 1, step = 5): Promise<Set<string>> {
  const params: AugmentParams = {
    ...{ batch: images, rows: images, rowLength: 9, stride: images, factor: 1, offset: 0, shape: [3, 3, 1] },
    augmentation: { ...still, ...change },
  };
  const bytes = new Uint8Array(Math.ceil((images * 9) / 4) * 4);
  for (let i = 0; i < images * 9; i++) bytes[i] = LITTLE[i % 9] as number;
  const { x } = await runKernel(gpu(), augment, params, {
    pixels: Float64Array.from(new Uint32Array(bytes.buffer)),
    labels: new Float64Array(images),
    order: Float64Array.from({ length: images }, (_, i) => i),
    counters: Float64Array.of(step, 0, seed),
  });
  const rows = Array.from({ length: images }, (_, i) => Array.from(x?.subarray(i * 9, i * 9 + 9) ?? []).join(' '));
  return new Set(rows);
}

test('where nothing is to change, nothing does', async () => {
  expect(await changes({})).toEqual(new Set(['1 2 3 4 5 6 7 8 9']));
});

test('half of the images are flipped, each way by itself', async () => {
  expect(await changes({ horizontalFlip: true })).toEqual(new Set(['1 2 3 4 5 6 7 8 9', '3 2 1 6 5 4 9 8 7']));
  expect(await changes({ verticalFlip: true })).toEqual(new Set(['1 2 3 4 5 6 7 8 9', '7 8 9 4 5 6 1 2 3']));
});

// scipy.ndimage.affine_transform of the image 1 … 9 by an offset of (±1, 0), in each of its modes.
test.each([
  ['constant', ['4 5 6 7 8 9 7 7 7', '7 7 7 1 2 3 4 5 6']],
  ['nearest', ['4 5 6 7 8 9 7 8 9', '1 2 3 1 2 3 4 5 6']],
  ['reflect', ['4 5 6 7 8 9 7 8 9', '1 2 3 1 2 3 4 5 6']],
  ['wrap', ['4 5 6 7 8 9 4 5 6', '4 5 6 1 2 3 4 5 6']],
] as const)('a shift by a pixel from a list, filled by %s', async (fillMode, images) => {
  expect(await changes({ fillMode, heightShift: [1] })).toEqual(new Set(images));
});

test('brightness multiplies and ends at 255', async () => {
  expect(await changes({ brightness: [2, 2] })).toEqual(new Set(['2 4 6 8 10 12 14 16 18']));
  expect(await changes({ brightness: [60, 60] })).toEqual(new Set(['60 120 180 240 255 255 255 255 255']));
});

test('strokes grow over their neighbours, or shrink to what is least around', async () => {
  // 5 is the middle of 1 … 9: with a whole pixel it becomes 8, or 2. The edges go on beyond the image.
  const whole = await changes({ fillMode: 'nearest', stroke: 1 }, 500);
  const middles = Array.from(whole, (image) => Number(image.split(' ')[4]));
  expect(Math.max(...middles)).toBeGreaterThan(7.5);
  expect(Math.max(...middles)).toBeLessThanOrEqual(8);
  expect(Math.min(...middles)).toBeLessThan(2.5);
  expect(Math.min(...middles)).toBeGreaterThanOrEqual(2);
});

test('contrast goes by the distance from the mean', async () => {
  expect(await changes({ contrast: [0, 0] })).toEqual(new Set(['5 5 5 5 5 5 5 5 5']));
  expect(await changes({ contrast: [2, 2] })).toEqual(new Set(['0 0 1 3 5 7 9 11 13']));
});

test('noise has its standard deviation, and ends where pixels do', async () => {
  const images = await changes({ noise: 20, brightness: [25, 25] }, 2000);
  const middles = Array.from(images, (image) => Number(image.split(' ')[4]) - 125);
  const mean = middles.reduce((sum, value) => sum + value, 0) / middles.length;
  const deviation = Math.sqrt(middles.reduce((sum, value) => sum + (value - mean) ** 2, 0) / middles.length);
  // Five standard errors, of a mean and of a deviation.
  expect(Math.abs(mean)).toBeLessThan((5 * 20) / Math.sqrt(2000));
  expect(Math.abs(deviation - 20)).toBeLessThan((5 * 20) / Math.sqrt(2 * 2000));
  const lowest = Array.from(await changes({ noise: 20 }, 100), (image) => Math.min(...image.split(' ').map(Number)));
  expect(Math.min(...lowest)).toBe(0);
});

test('a rectangle is erased in its share of the images, wherever it fits', async () => {
  const erasing = { probability: 0.5, heights: [1, 1], widths: [3, 3] } as const;
  expect(await changes({ erasing })).toEqual(
    new Set(['1 2 3 4 5 6 7 8 9', '7 7 7 4 5 6 7 8 9', '1 2 3 7 7 7 7 8 9', '1 2 3 4 5 6 7 7 7']),
  );
  expect(await changes({ erasing: { probability: 1, heights: [3, 3], widths: [3, 3] } })).toEqual(
    new Set(['7 7 7 7 7 7 7 7 7']),
  );
});

test('elastic distortion pulls each image about in its own way, along the axes that it is given', async () => {
  const along = Array.from(await changes({ fillMode: 'nearest', elastic: [0, 1] }, 64));
  expect(along.length).toBe(64);
  for (const image of along) {
    const values = image.split(' ').map(Number);
    // Nothing moves from one row to another.
    values.forEach((value, i) => {
      expect(value).toBeGreaterThanOrEqual(3 * Math.floor(i / 3) + 1);
      expect(value).toBeLessThanOrEqual(3 * Math.floor(i / 3) + 3);
    });
  }
});

test('images draw anew in each step and with each seed, and the same when asked again', async () => {
  const first = await changes({ rotation: 90 }, 8);
  expect(first.size).toBe(8);
  expect(await changes({ rotation: 90 }, 8)).toEqual(first);
  expect(await changes({ rotation: 90 }, 8, 2)).not.toEqual(first);
  expect(await changes({ rotation: 90 }, 8, 1, 6)).not.toEqual(first);
});
