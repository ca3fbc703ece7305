/** Folders of pictures as people have them: of many sizes, with other files beside them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { namesOfUnused } from '@anke/data';
import sharp from 'sharp';
import { afterAll, expect, test } from 'vitest';
import { loadDataAt, loadImagesAt } from './index.js';

const folder = mkdtempSync(join(tmpdir(), 'anke pictures '));
afterAll(() => rmSync(folder, { recursive: true }));

const picture = (value: number, side: number): Promise<Buffer> =>
  sharp({ create: { width: side, height: side, channels: 3, background: { r: value, g: value, b: value } } })
    .png()
    .toBuffer();

test('of different sizes, all are scaled to the most frequent one, which is told', async () => {
  const orange = await sharp({ create: { width: 6, height: 5, channels: 3, background: '#ff8000' } })
    .png()
    .toBuffer();
  const files = {
    'train/a/1.png': orange,
    'train/a/2.png': await picture(9, 4),
    'train/b/1.png': await picture(8, 3),
    'train/b/2.png': await picture(7, 4),
    'val/a/1.png': await picture(9, 3),
    'val/b/1.png': await picture(8, 7),
    'report/figures/1.png': await picture(1, 50),
    'report/figures/2.png': await picture(1, 50),
    'notes.txt': new Uint8Array(),
    '.DS_Store': new Uint8Array(),
  };
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(join(folder, file, '..'), { recursive: true });
    writeFileSync(join(folder, file), content);
  }
  const { train, validation, pictureSizes, unused } = await loadDataAt(folder);
  expect(pictureSizes).toEqual({
    different: 4,
    smallest: [3, 3],
    largest: [7, 7],
    mostFrequent: [3, 3],
    pictures: 2,
    scaledTo: [3, 3, 3],
  });
  expect(train?.shape).toEqual([3, 3, 3]);
  expect(Array.from(train?.pixels.subarray(0, 3) ?? [])).toEqual([255, 128, 0]);
  expect(Array.from(train?.pixels.subarray(27, 30) ?? [])).toEqual([8, 8, 8]);
  expect(validation?.shape).toEqual([3, 3, 3]);
  expect([...unused].sort()).toEqual(['.DS_Store', 'notes.txt', 'report/figures/1.png', 'report/figures/2.png']);
  expect(namesOfUnused(unused)).toBe('.DS_Store, notes.txt, report/ (2 files)');
  // What is only not asked for is no stranger.
  const trained = await loadDataAt(folder, { roles: ['train'] });
  expect(trained.unused).toHaveLength(4);
  const asked = await loadDataAt(folder, { imageShape: [2, 2, 1] });
  expect([asked.train?.shape, asked.pictureSizes]).toEqual([[2, 2, 1], undefined]);
});

test('pictures that simply lie in a folder are images to predict, and none to evaluate', async () => {
  const loose = join(folder, 'loose');
  mkdirSync(loose);
  for (const [i, side] of [4, 4, 2].entries()) writeFileSync(join(loose, `${i}.png`), await picture(10 * i, side));
  writeFileSync(join(loose, 'notes.txt'), '');
  const images = await loadImagesAt(loose);
  expect([images.count, images.shape, images.labels]).toEqual([3, [4, 4, 1], undefined]);
  expect(images.ids).toEqual(['0.png', '1.png', '2.png']);
  expect((await loadImagesAt(loose, { imageShape: [2, 2, 3] })).shape).toEqual([2, 2, 3]);
  await expect(loadImagesAt(loose, { needs: 'label' })).rejects.toThrow('there are no images in it; it holds');
});
