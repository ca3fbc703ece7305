/** Data on a disk, in every form that people have: folders, archives, single files, pictures. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, gzipSync } from 'node:zlib';
import { requireTest, requireTraining, synthesize, writeCompetition } from '@anke/data';
import { zipSync } from 'fflate';
import sharp from 'sharp';
import { afterAll, describe, expect, test } from 'vitest';
import { idx, npy } from '../../data/src/testing/arrays.js';
import { decodePicture, digitOutlines, FilesError, loadDataAt, loadImagesAt } from './index.js';
import { tarOf } from './testing/archives.js';

const folder = mkdtempSync(join(tmpdir(), 'anke data '));
afterAll(() => rmSync(folder, { recursive: true }));

const fonts = digitOutlines();
const digits = await synthesize(fonts, { train: 40, test: 20, seed: 5 });
const folderOf = (name: string, files?: Readonly<Record<string, Uint8Array | string>>): string => {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  if (!files) writeCompetition(digits, (file, content) => writeFileSync(join(path, file), content));
  for (const [file, content] of Object.entries(files ?? {})) {
    mkdirSync(join(path, file, '..'), { recursive: true });
    writeFileSync(join(path, file), content);
  }
  return path;
};
const whole = folderOf('whole');
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
      () => folderOf('packed', Object.fromEntries(FILES.map((file) => [`${file}.gz`, gzipSync(content(file))]))),
    ],
  ])('%s', async (_, make) => {
    const sets = await loadDataAt(await make());
    expect(sets.train?.pixels).toEqual(digits.train.pixels);
    expect(sets.train?.labels).toEqual(digits.train.labels);
    expect(sets.test?.pixels).toEqual(digits.test.pixels);
    expect(sets.test?.ids).toEqual(digits.test.ids);
    expect(sets.testLabels).toEqual(digits.testLabels);
    expect(sets.extra['Dig-MNIST']?.pixels).toEqual(digits.extra['Dig-MNIST']?.pixels);
    expect(sets.files).toHaveLength(5);
  });

  test('a limit is for the training rows alone, in every kind of source', async () => {
    for (const path of [whole, join(folder, 'digits.zip'), join(folder, 'digits.tar.gz')]) {
      const { train, test } = await loadDataAt(path, { limit: 7 });
      expect(train?.pixels).toEqual(digits.train.pixels.subarray(0, 7 * 784));
      expect(test?.count).toBe(20);
    }
  });

  test('a single file is what it is asked for as, whatever its name', async () => {
    const packed = asFile('some-test.csv.gz', gzipSync(content('train.csv')));
    expect(requireTraining(packed, await loadDataAt(packed)).labels).toEqual(digits.train.labels);
    const unnamed = asFile('numbers', content('train.csv'));
    expect(requireTraining(unnamed, await loadDataAt(unnamed)).labels).toEqual(digits.train.labels);
    expect((await loadImagesAt(join(whole, 'test.csv'))).ids).toEqual(digits.test.ids);
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
    const { train, test, testLabels } = await loadDataAt(folderOf('idx', files));
    expect([train?.shape, train?.pixels, train?.labels]).toEqual([[3, 3, 1], pixels, Uint32Array.from(labels)]);
    expect([test?.pixels, test?.ids, testLabels]).toEqual([
      images,
      ['0', '1', '2', '3', '4'],
      Uint32Array.of(0, 1, 2, 3, 4),
    ]);
  });

  test('the labels beside a file of images are found', async () => {
    const path = folderOf('idx', files);
    expect(requireTraining(path, await loadDataAt(join(path, 'train-images-idx3-ubyte'))).labels).toEqual(
      Uint32Array.from(labels),
    );
    expect((await loadImagesAt(join(path, 't10k-images-idx3-ubyte.gz'))).labels).toEqual(Uint32Array.of(0, 1, 2, 3, 4));
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
    const { train, test, testLabels } = await loadDataAt(path);
    expect([train?.shape, train?.pixels, train?.labels]).toEqual([[3, 3, 1], pixels, Uint32Array.from(labels)]);
    expect([test?.shape, test?.pixels, testLabels]).toEqual([[3, 3, 1], images, Uint32Array.of(0, 1, 2, 3, 4)]);
  });

  test('an archive for each array, as Kannada-MNIST’s authors have them', async () => {
    const path = folderOf('npz', {
      'X_kannada_MNIST_train.npz': zipSync({ 'arr_0.npy': npy('|u1', [12, 3, 3], pixels) }),
      'y_kannada_MNIST_train.npz': zipSync({ 'arr_0.npy': npy('|u1', [12], labels) }),
      'X_dig_MNIST.npy': npy('|u1', [5, 3, 3], images),
      'y_dig_MNIST.npy': npy('|u1', [5], labels.subarray(0, 5)),
    });
    const { train, extra } = await loadDataAt(path);
    expect([train?.pixels, train?.labels, extra['dig_MNIST']?.pixels]).toEqual([
      pixels,
      Uint32Array.from(labels),
      images,
    ]);
    const single = await loadDataAt(join(path, 'X_kannada_MNIST_train.npz'));
    expect([single.train?.pixels, single.train?.labels]).toEqual([pixels, Uint32Array.from(labels)]);
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
    const { train, test } = await loadDataAt(folderOf('pictures', await files()));
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
    const { train } = await loadDataAt(path);
    expect(train?.classNames).toEqual(['cat', 'dog']);
    expect(Array.from(train?.labels ?? [])).toEqual([1, 0, 1]);
  });

  test('an image shape scales them, and three channels keep their colours', async () => {
    const path = folderOf('colours', {
      'a/1.png': await sharp({ create: { width: 6, height: 6, channels: 3, background: '#ff8000' } })
        .png()
        .toBuffer(),
      'b/1.png': await picture(9),
    });
    const { train } = await loadDataAt(path, { imageShape: [2, 3, 3] });
    expect(train?.shape).toEqual([2, 3, 3]);
    expect(Array.from(train?.pixels.subarray(0, 6) ?? [])).toEqual([255, 128, 0, 255, 128, 0]);
  });

  const coloured = (background: string): Promise<Buffer> =>
    sharp({ create: { width: 2, height: 2, channels: 3, background } })
      .png()
      .toBuffer();

  test('colours stay, in grey pictures beside them too; what has none is grey, whatever the file says', async () => {
    const mixed = { 'a/1.png': await coloured('#ff8001'), 'b/1.png': await picture(9, 2) };
    const { train } = await loadDataAt(folderOf('mixed', mixed));
    expect(train?.shape).toEqual([2, 2, 3]);
    expect(Array.from(train?.pixels.subarray(0, 3) ?? [])).toEqual([255, 128, 1]);
    expect(Array.from(train?.pixels.subarray(12) ?? [])).toEqual(new Array(12).fill(9));
    const grey = { 'a/1.png': await coloured('#070707'), 'b/1.png': await picture(9, 2) };
    const without = (await loadDataAt(folderOf('grey', grey))).train;
    expect(without?.shape).toEqual([2, 2, 1]);
    expect(Array.from(without?.pixels ?? [])).toEqual([7, 7, 7, 7, 9, 9, 9, 9]);
  });

  test.each(['val', 'valid', 'validation', 'dev'])('%s/ is for validation', async (folder) => {
    const all = {
      'train/a/1.png': await picture(1),
      'train/b/1.png': await picture(2),
      [`${folder}/a/2.png`]: await picture(3),
      [`${folder}/b/2.png`]: await picture(4),
    };
    const { train, validation, extra } = await loadDataAt(folderOf(`with ${folder}`, all));
    expect(train?.count).toBe(2);
    expect(validation?.ids).toEqual([`${folder}/a/2.png`, `${folder}/b/2.png`]);
    expect(Array.from(validation?.labels ?? [])).toEqual([0, 1]);
    expect(extra).toEqual({});
  });

  test('a single one is no data set', async () => {
    const path = asFile('one.png', await picture(1));
    await expect(loadDataAt(path)).rejects.toThrow('one.png: this is a single picture; a data set is a folder of them');
  });

  test('a flipped bit is an error, not other pixels', async () => {
    const good = await picture(77, 40);
    for (let bit = 8 * 33; bit < 8 * good.length; bit += 5) {
      const flipped = Buffer.from(good);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      const decoded = await decodePicture('a.png', flipped, [40, 40, 1]).catch(() => undefined);
      // A bit that no pixel depends on may be another one.
      if (decoded) expect(decoded.pixels, `bit ${bit}`).toEqual(Buffer.alloc(40 * 40, 77));
    }
  });

  test('more pixels than its bytes can hold are not made', async () => {
    const small = await picture(77);
    const claims = Buffer.from(small);
    claims.writeUInt32BE(8000, 16);
    claims.writeUInt32BE(8000, 20);
    claims.writeUInt32BE(crc32(claims.subarray(12, 29)), 29);
    await expect(decodePicture('a.png', claims, undefined)).rejects.toThrow(
      `a.png: this picture cannot be read (${claims.length} bytes cannot hold 8000 × 8000 pixels)`,
    );
  });

  test('the error names a broken one', async () => {
    const path = folderOf('broken', { '1/a.png': (await picture(1, 40)).subarray(0, 60), '2/b.png': await picture(1) });
    await expect(loadDataAt(path)).rejects.toThrow('1/a.png: this picture cannot be read');
  });
});

test('images to predict or to evaluate: those for testing, else others, labelled if need be', async () => {
  expect((await loadImagesAt(whole)).labels).toEqual(digits.testLabels);
  const { 'Dig-MNIST.csv': dig, ...few } = Object.fromEntries(
    ['test.csv', 'Dig-MNIST.csv'].map((file) => [file, content(file)]),
  );
  const path = folderOf('few', { ...few, 'Dig-MNIST.csv': dig as Buffer });
  expect((await loadImagesAt(path)).ids).toEqual(digits.test.ids);
  expect((await loadImagesAt(path, { needs: 'label' })).source).toBe('Dig-MNIST.csv');
  await expect(loadImagesAt(folderOf('unlabelled', few as Record<string, Buffer>), { needs: 'label' })).rejects.toThrow(
    'unlabelled: its images have no labels',
  );
  await expect(loadImagesAt(folderOf('nothing', { 'a.txt': 'x' }))).rejects.toThrow(
    'there are no images in it; it holds a.txt',
  );
});

test('what is not asked for is not read', async () => {
  const path = folderOf('partly', { 'train.csv': content('train.csv'), 'test.csv': 'broken' });
  expect((await loadDataAt(path, { roles: ['train'] })).train?.count).toBe(40);
});

test('the digits depend on the seed, and a longer set begins with the shorter one', async () => {
  const longer = await synthesize(fonts, { train: 60, test: 20, seed: 5 });
  expect(longer.train.pixels.subarray(0, digits.train.pixels.length)).toEqual(digits.train.pixels);
  expect((await synthesize(fonts, { train: 40, test: 20, seed: 6 })).train.pixels).not.toEqual(digits.train.pixels);
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
    const path = folderOf('missing');
    rmSync(join(path, 'test.csv'));
    const sets = await loadDataAt(path);
    expect(() => requireTest(path, sets)).toThrow(/there is no test\.csv in it, .*; it holds .*train\.csv/);
    expect(() => requireTraining(path, { ...sets, train: undefined })).toThrow(/there is no train\.csv in it/);
  });

  test('a path that is not there', async () => {
    await expect(loadDataAt(join(folder, 'nowhere'))).rejects.toThrow(
      new FilesError(`${join(folder, 'nowhere')}: there is no such file or folder`),
    );
  });

  test('a file that is no archive', async () => {
    const path = join(folder, 'letter.zip');
    writeFileSync(path, 'Dear reader');
    await expect(loadDataAt(path)).rejects.toThrow('letter.zip: this is no zip archive, or its end is missing');
  });
});
