import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { strToU8, zipSync } from 'fflate';
import sharp from 'sharp';
import { afterAll, describe, expect, test } from 'vitest';
import {
  formatSubmission,
  loadData,
  loadImages,
  requireTest,
  requireTraining,
  synthesize,
  writeCompetition,
} from './index.js';
import { idx, npy, tarOf } from './testing/files.js';

const folder = mkdtempSync(join(tmpdir(), 'anke data '));
afterAll(() => rmSync(folder, { recursive: true }));

const digits = synthesize({ train: 40, test: 20, seed: 5 });
const place = (name: string, files?: Readonly<Record<string, Uint8Array | string>>): string => {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  if (!files) writeCompetition(digits, (file, content) => writeFileSync(join(path, file), content));
  for (const [file, content] of Object.entries(files ?? {})) {
    mkdirSync(join(path, file, '..'), { recursive: true });
    writeFileSync(join(path, file), content);
  }
  return path;
};
const whole = place('whole');
const content = (file: string): Buffer => readFileSync(join(whole, file));
const FILES = ['train.csv', 'test.csv', 'Dig-MNIST.csv', 'sample_submission.csv', 'test-labels.csv'];
const asFile = (name: string, bytes: Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};

describe('the competition’s files', () => {
  const zipped = zipSync(Object.fromEntries(FILES.map((file) => [`Kannada-MNIST/${file}`, content(file)])));
  test.each<[string, () => string | Promise<string>]>([
    ['in a folder', () => whole],
    ['in a zip archive', () => asFile('digits.zip', zipped)],
    ['in a zip archive that is called something else', () => asFile('digits.data', zipped)],
    [
      'in a tar archive',
      async () => asFile('digits.tar', await tarOf(FILES.map((name) => ({ name, content: content(name) })))),
    ],
    [
      'in a packed tar archive',
      async () =>
        asFile('digits.tar.gz', gzipSync(await tarOf(FILES.map((name) => ({ name, content: content(name) }))))),
    ],
    [
      'packed one by one',
      () => place('packed', Object.fromEntries(FILES.map((file) => [`${file}.gz`, gzipSync(content(file))]))),
    ],
  ])('%s', async (_, make) => {
    const sets = await loadData(await make());
    expect(sets.train?.pixels).toEqual(digits.train.pixels);
    expect(sets.train?.labels).toEqual(digits.train.labels);
    expect(sets.test?.pixels).toEqual(digits.test.pixels);
    expect(sets.test?.ids).toEqual(digits.test.ids);
    expect(sets.testLabels).toEqual(digits.testLabels);
    expect(sets.digMnist?.count).toBe(20);
    expect(sets.files).toHaveLength(5);
  });

  test('a limit is for the training rows alone, in every kind of source', async () => {
    for (const path of [whole, join(folder, 'digits.zip'), join(folder, 'digits.tar.gz')]) {
      const { train, test } = await loadData(path, { limit: 7 });
      expect(train?.pixels).toEqual(digits.train.pixels.subarray(0, 7 * 784));
      expect(test?.count).toBe(20);
    }
  });

  test('a single file is what it is asked for as, whatever its name', async () => {
    const packed = asFile('some-test.csv.gz', gzipSync(content('train.csv')));
    expect(requireTraining(packed, await loadData(packed)).labels).toEqual(digits.train.labels);
    const unnamed = asFile('numbers', content('train.csv'));
    expect(requireTraining(unnamed, await loadData(unnamed)).labels).toEqual(digits.train.labels);
    expect((await loadImages(join(whole, 'test.csv'))).ids).toEqual(digits.test.ids);
  });
});

const pixels = Uint8Array.from({ length: 12 * 9 }, (_, i) => (i * 7) % 256);
const labels = Uint8Array.from({ length: 12 }, (_, i) => i % 10);
const images = pixels.subarray(0, 5 * 9);

describe('IDX files', () => {
  const files = {
    'train-images-idx3-ubyte': idx(8, [12, 3, 3], pixels),
    'train-labels-idx1-ubyte': idx(8, [12], labels),
    't10k-images-idx3-ubyte.gz': gzipSync(idx(8, [5, 3, 3], images)),
    't10k-labels-idx1-ubyte.gz': gzipSync(idx(8, [5], labels.subarray(0, 5))),
  };
  test('as MNIST has them', async () => {
    const { train, test, testLabels } = await loadData(place('idx', files));
    expect([train?.shape, train?.pixels, train?.labels]).toEqual([[3, 3, 1], pixels, labels]);
    expect([test?.pixels, test?.ids, testLabels]).toEqual([images, ['0', '1', '2', '3', '4'], labels.subarray(0, 5)]);
  });

  test('the labels beside a file of images are found', async () => {
    const path = place('idx', files);
    expect(requireTraining(path, await loadData(join(path, 'train-images-idx3-ubyte'))).labels).toEqual(labels);
    expect((await loadImages(join(path, 't10k-images-idx3-ubyte.gz'))).labels).toEqual(labels.subarray(0, 5));
  });

  test.each<[string, Uint8Array, string]>([
    [
      'a short one',
      files['train-images-idx3-ubyte'].subarray(0, 100),
      'an array of shape (12, 3, 3) has 108 bytes, but only 84 are there',
    ],
    [
      'a long one',
      Buffer.concat([files['train-images-idx3-ubyte'], Buffer.from('x')]),
      'has 108 bytes, but 1 more follow',
    ],
    ['one of floats', idx(0x0d, [1, 1, 1], new Uint8Array(4)), 'elements of type 0xd are not known'],
    ['one of text', strToU8('label,pixel0'), 'this is no IDX file'],
    ['a huge one', idx(8, [2 ** 31, 2 ** 31, 2], new Uint8Array(4)), 'its end is missing'],
    [
      'other labels',
      idx(8, [12], Uint8Array.of(...labels.subarray(0, 11), 10)),
      'element 11: expected a label in 0 … 9, found 10',
    ],
    [
      'too few labels',
      idx(8, [11], labels.subarray(0, 11)),
      'it has 11 labels, but train-images-idx3-ubyte has 12 images',
    ],
  ])('%s is refused by name', async (_, bytes, message) => {
    const isLabels = message.includes('label');
    const path = place('idx bad', {
      ...files,
      [isLabels ? 'train-labels-idx1-ubyte' : 'train-images-idx3-ubyte']: bytes,
    });
    await expect(loadData(path)).rejects.toThrow(message);
    await expect(loadData(path)).rejects.toThrow(/train-(images|labels)-idx\d-ubyte/);
  });
});

describe('NumPy’s files', () => {
  const wide = new BigInt64Array(Array.from(labels, BigInt));
  test('one archive with all, as Keras has MNIST', async () => {
    const path = asFile(
      'mnist.npz',
      zipSync({
        'x_train.npy': npy('|u1', [12, 3, 3], pixels),
        'y_train.npy': npy('<i8', [12], new Uint8Array(wide.buffer)),
        'x_test.npy': npy('|u1', [5, 9], images),
        'y_test.npy': npy('>i2', [5, 1], Uint8Array.of(0, 0, 0, 1, 0, 2, 0, 3, 0, 4)),
      }),
    );
    const { train, test, testLabels } = await loadData(path);
    expect([train?.shape, train?.pixels, train?.labels]).toEqual([[3, 3, 1], pixels, labels]);
    expect([test?.shape, test?.pixels, testLabels]).toEqual([[3, 3, 1], images, labels.subarray(0, 5)]);
  });

  test('an archive for each array, as Kannada-MNIST’s authors have them', async () => {
    const path = place('npz', {
      'X_kannada_MNIST_train.npz': zipSync({ 'arr_0.npy': npy('|u1', [12, 3, 3], pixels) }),
      'y_kannada_MNIST_train.npz': zipSync({ 'arr_0.npy': npy('|u1', [12], labels) }),
      'X_dig_MNIST.npy': npy('|u1', [5, 3, 3], images),
      'y_dig_MNIST.npy': npy('|u1', [5], labels.subarray(0, 5)),
    });
    const { train, digMnist } = await loadData(path);
    expect([train?.pixels, train?.labels, digMnist?.pixels]).toEqual([pixels, labels, images]);
    const single = await loadData(join(path, 'X_kannada_MNIST_train.npz'));
    expect([single.train?.pixels, single.train?.labels]).toEqual([pixels, labels]);
  });

  test.each<[string, Uint8Array, string]>([
    [
      'floats',
      npy('<f4', [1, 1, 1], new Uint8Array(4)),
      'elements of type "<f4" are not known, only whole numbers; save images as uint8',
    ],
    ['wide images', npy('<u2', [1, 1, 2], new Uint8Array(4)), 'images must be bytes (uint8), not uint16'],
    ['Fortran’s order', npy('|u1', [2, 2, 1], new Uint8Array(4), true), 'its elements lie in Fortran’s order'],
    ['a short file', npy('|u1', [2, 2, 2], new Uint8Array(7)), 'has 8 bytes, but only 7 are there; its end is missing'],
    ['no header', Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 200, 0, 0x7b), 'the header is not whole'],
    ['an odd number of pixels', npy('|u1', [1, 7], new Uint8Array(7)), 'an array of shape (1, 7) is expected to be'],
    ['nothing', npy('|u1', [0, 3, 3], new Uint8Array()), 'an array of shape (0, 3, 3) holds no images'],
  ])('%s: refused by name', async (_, bytes, message) => {
    const path = place('npy bad', { 'x_train.npy': bytes, 'y_train.npy': npy('|u1', [1], Uint8Array.of(1)) });
    await expect(loadData(path)).rejects.toThrow(message);
    await expect(loadData(path)).rejects.toThrow('x_train.npy: ');
  });
});

describe('pictures', () => {
  const picture = (value: number, side = 4, format: 'png' | 'jpeg' = 'png'): Promise<Buffer> =>
    sharp(Buffer.alloc(side * side, value), { raw: { width: side, height: side, channels: 1 } })
      [format]({ quality: 100 })
      .toBuffer();
  const files = async (): Promise<Record<string, Buffer>> => ({
    'train/3/b.png': await picture(31),
    'train/3/a.png': await picture(30),
    'train/0/x.jpg': await picture(5, 4, 'jpeg'),
    'train/0/y.jpeg': await picture(6, 4, 'jpeg'),
    'test/q2.png': await picture(99),
    'test/q10.png': await picture(100),
    'sheet.png': await picture(1, 50),
  });

  test('a folder a class, classes in turn', async () => {
    const { train, test } = await loadData(place('pictures', await files()));
    expect(train?.shape).toEqual([4, 4, 1]);
    expect(Array.from(train?.labels ?? [])).toEqual([0, 3, 0, 3]);
    expect(Array.from({ length: 4 }, (_, i) => train?.pixels[i * 16])).toEqual([5, 30, 6, 31]);
    expect(train?.classes).toBe(4);
    expect(test?.ids).toEqual(['test/q2.png', 'test/q10.png']);
    expect(test?.labels).toBeUndefined();
  });

  test('classes may have names, and lie in an archive', async () => {
    const path = asFile(
      'pets.zip',
      zipSync({ 'dog/1.png': await picture(1), 'cat/1.png': await picture(2), 'dog/2.png': await picture(3) }),
    );
    const { train } = await loadData(path);
    expect(train?.classNames).toEqual(['cat', 'dog']);
    expect(Array.from(train?.labels ?? [])).toEqual([1, 0, 1]);
  });

  test('an image shape scales them, and three channels keep their colours', async () => {
    const path = place('colours', {
      'a/1.png': await sharp({ create: { width: 6, height: 6, channels: 3, background: '#ff8000' } })
        .png()
        .toBuffer(),
      'b/1.png': await picture(9),
    });
    const { train } = await loadData(path, { imageShape: [2, 3, 3] });
    expect(train?.shape).toEqual([2, 3, 3]);
    expect(Array.from(train?.pixels.subarray(0, 6) ?? [])).toEqual([255, 128, 0, 255, 128, 0]);
    await expect(loadData(path)).rejects.toThrow(
      'b/1.png: its 4 × 4 pixels are not the 6 × 6 of a/1.png; with an image shape',
    );
  });

  test('a single one is no data set', async () => {
    const path = asFile('one.png', await picture(1));
    await expect(loadData(path)).rejects.toThrow('one.png: this is a single picture; a data set is a folder of them');
  });

  test('a broken one is refused by name', async () => {
    const path = place('broken', { '1/a.png': (await picture(1, 40)).subarray(0, 60), '2/b.png': await picture(1) });
    await expect(loadData(path)).rejects.toThrow('1/a.png: this picture cannot be read');
  });
});

test('images to predict or to evaluate: those for testing, else others, with labels where they are needed', async () => {
  expect((await loadImages(whole)).labels).toEqual(digits.testLabels);
  const { 'Dig-MNIST.csv': dig, ...few } = Object.fromEntries(
    ['test.csv', 'Dig-MNIST.csv'].map((file) => [file, content(file)]),
  );
  const path = place('few', { ...few, 'Dig-MNIST.csv': dig as Buffer });
  expect((await loadImages(path)).ids).toEqual(digits.test.ids);
  expect((await loadImages(path, { needs: 'label' })).source).toBe('Dig-MNIST.csv');
  await expect(loadImages(place('unlabelled', few as Record<string, Buffer>), { needs: 'label' })).rejects.toThrow(
    'unlabelled: its images have no labels',
  );
  await expect(loadImages(place('nothing', { 'a.txt': 'x' }))).rejects.toThrow(
    'there are no images in it; it holds a.txt',
  );
});

test('what is not wanted is not read', async () => {
  const path = place('partly', { 'train.csv': content('train.csv'), 'test.csv': 'broken' });
  expect((await loadData(path, { roles: ['train'] })).train?.count).toBe(40);
});

test('the digits depend on the seed, and a longer set begins with the shorter one', () => {
  const longer = synthesize({ train: 60, test: 20, seed: 5 });
  expect(longer.train.pixels.subarray(0, digits.train.pixels.length)).toEqual(digits.train.pixels);
  expect(synthesize({ train: 40, test: 20, seed: 6 }).train.pixels).not.toEqual(digits.train.pixels);
});

test('digits have ink within the box of MNIST, none blank, no two alike', () => {
  const { pixels, count, rowLength } = digits.train;
  const seen = new Set<string>();
  for (let row = 0; row < count; row++) {
    const image = pixels.subarray(row * rowLength, (row + 1) * rowLength);
    const ink = image.reduce((sum, value) => sum + value, 0) / 255;
    expect(ink).toBeGreaterThan(20);
    expect(ink).toBeLessThan(300);
    seen.add(image.join());
  }
  expect(seen.size).toBe(count);
});

describe('what is wrong is said by name', () => {
  test('a missing file, and what is there instead', async () => {
    const path = place('missing');
    rmSync(join(path, 'test.csv'));
    const sets = await loadData(path);
    expect(() => requireTest(path, sets)).toThrow(/there is no test\.csv in it, .*; it holds .*train\.csv/);
    expect(() => requireTraining(path, { ...sets, train: undefined })).toThrow(/there is no train\.csv in it/);
  });

  test('a path that is not there', async () => {
    await expect(loadData(join(folder, 'nowhere'))).rejects.toThrow('nowhere: there is no such file or folder');
  });

  test('a file that is no archive', async () => {
    const path = join(folder, 'letter.zip');
    writeFileSync(path, 'Dear reader');
    await expect(loadData(path)).rejects.toThrow('letter.zip: this is no zip archive, or its end is missing');
  });

  test('a sample submission with other ids', async () => {
    const path = place('sample');
    writeFileSync(
      join(path, 'sample_submission.csv'),
      formatSubmission(digits.test.ids?.map((id) => `x${id}`) ?? [], new Uint8Array(20)),
    );
    await expect(loadData(path)).rejects.toThrow(
      'sample_submission.csv, line 2, column "id": expected "0" as in test.csv, found "x0"',
    );
  });

  test('files whose images differ in size', async () => {
    const path = place('sizes');
    writeFileSync(join(path, 'test.csv'), 'id,pixel0\n0,1\n');
    await expect(loadData(path)).rejects.toThrow(
      'test.csv: it has images of 1 × 1 × 1 pixels, but train.csv has images of 28 × 28 × 1 pixels',
    );
  });

  test('two files for the same', async () => {
    const path = place('both', { 'a/train.csv': content('train.csv'), 'b/train.csv': content('train.csv') });
    await expect(loadData(path)).rejects.toThrow('both a/train.csv and b/train.csv are there; which one is meant?');
  });

  test('images without labels to learn from', async () => {
    const path = asFile('unlabelled.npy', npy('|u1', [5, 9], images));
    expect(await loadData(path).then((sets) => () => requireTraining(path, sets))).toThrow(
      'unlabelled.npy: its images have no labels to learn from',
    );
  });
});
