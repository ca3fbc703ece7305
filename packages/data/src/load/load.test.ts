/** If these failed, data of some format would be read wrongly, or an error would not name the file that is wrong. */
import { describe, expect, test } from 'vitest';
import type { ImageDataset } from '../dataset.js';
import type { DecodePicture } from '../formats/pictures.js';
import { memoryFile, memorySource, type Source } from '../source.js';
import { formatSubmission } from '../submission.js';
import { idx, npy } from '../testing/arrays.js';
import { checkExtraClasses, loadData, loadImages, requireTest, requireTraining } from './load.js';

type Content = Uint8Array | string;
const bytesOf = (content: Content): Uint8Array =>
  typeof content === 'string' ? new TextEncoder().encode(content) : content;
const source = (files: Readonly<Record<string, Content>>): Source =>
  memorySource('data', Object.fromEntries(Object.entries(files).map(([name, content]) => [name, bytesOf(content)])));
const single = (name: string, content: Content, beside: Readonly<Record<string, Content>> = {}): Source => ({
  name,
  kind: 'file',
  async *files() {
    yield memoryFile(name, bytesOf(content));
  },
  async beside(fits) {
    const partner = Object.entries(beside).find(([other]) => fits(other));
    return partner && single(...partner);
  },
});
/** Images of one pixel, whose value is the row's number. */
const csv = (labels: readonly (number | string)[], key = 'label'): string =>
  `${key},pixel0\n${labels.map((label, i) => `${label},${i % 256}\n`).join('')}`;
const countTo = (classes: number, rows = classes): number[] => Array.from({ length: rows }, (_, i) => i % classes);
const labelsOf = (data: ImageDataset | undefined): number[] => Array.from(data?.labels ?? []);
const decodePicture: DecodePicture = async (_, bytes) => ({ shape: [1, 1, 1], pixels: bytes.slice(0, 1) });

describe('CSV files', () => {
  const files = { 'train.csv': csv([3, 1, 0]), 'test.csv': csv(['a', 'b'], 'id'), 'Dig-MNIST.csv': csv([2, 2]) };

  test('for training, for testing, and any others of labelled images by name', async () => {
    const sets = await loadData(source({ ...files, 'more/Other digits.csv': csv([1, 0, 3]) }));
    expect([labelsOf(sets.train), sets.train?.classes]).toEqual([[3, 1, 0], 4]);
    expect(sets.test?.ids).toEqual(['a', 'b']);
    expect(Object.keys(sets.extra)).toEqual(['Dig-MNIST', 'Other digits']);
    expect(labelsOf(sets.extra['Dig-MNIST'])).toEqual([2, 2]);
    expect(labelsOf(sets.extra['Other digits'])).toEqual([1, 0, 3]);
    expect(sets.extra['Dig-MNIST']?.source).toBe('Dig-MNIST.csv');
  });

  test('what a program has left beside the data is no data', async () => {
    const left = {
      'history.csv': 'epoch,loss\n1,0.5\n',
      'submission.csv': 'id,label\na,3\n',
      'pixels.csv': csv(['a'], 'id'),
      'empty.csv': '',
      'line.csv': 'label,pixel0',
      'notes.txt': 'x',
    };
    const { extra, files: used, found } = await loadData(source({ ...files, ...left }));
    expect(Object.keys(extra)).toEqual(['Dig-MNIST']);
    expect(used).toEqual(['train.csv', 'test.csv', 'Dig-MNIST.csv']);
    expect(found).toHaveLength(9);
  });

  test('a header that comes in pieces is recognized', async () => {
    const bytes = bytesOf(files['Dig-MNIST.csv']);
    const cut: Source = {
      ...source({}),
      async *files() {
        yield {
          name: 'a.csv',
          bytes: undefined,
          async *pieces() {
            for (let i = 0; i < bytes.length; i += 3) yield bytes.slice(i, i + 3);
          },
        };
      },
    };
    expect(labelsOf((await loadData(cut)).extra['a'])).toEqual([2, 2]);
  });

  test('only what is asked for is read, and progress is told of that', async () => {
    const read = new Set<string>();
    const onProgress = (file: string): void => void read.add(file);
    const broken = { ...files, 'test.csv': 'broken', 'Dig-MNIST.csv': 'label,pixel0\nx,y\n' };
    expect((await loadData(source(broken), { roles: ['train'], onProgress })).train?.count).toBe(3);
    expect([...read]).toEqual(['train.csv']);
  });

  test('a limit is for the training rows alone', async () => {
    const { train, test: tested, extra } = await loadData(source(files), { limit: 1 });
    expect([train?.count, tested?.count, extra['Dig-MNIST']?.count]).toEqual([1, 2, 2]);
  });

  test('how pixels become numbers is said for all sets', async () => {
    const { train, test: tested, extra } = await loadData(source(files), { factor: 1 / 127.5, offset: -1 });
    for (const data of [train, tested, extra['Dig-MNIST']])
      expect([data?.factor, data?.offset]).toEqual([1 / 127.5, -1]);
  });
});

describe('any number of classes', () => {
  const labels = countTo(300, 600);
  const wide = new Uint8Array(Uint16Array.from(labels).buffer);
  const bigEndian = wide.map((_, i) => wide[i ^ 1] as number);
  const pixels = new Uint8Array(600);
  const pictures = Object.fromEntries(labels.slice(0, 300).map((label) => [`train/${label}/x.png`, Uint8Array.of(7)]));
  test.each<[string, Source]>([
    ['CSV', source({ 'train.csv': csv(labels) })],
    [
      'IDX',
      source({ 'train-images.idx3': idx(8, [600, 1, 1], pixels), 'train-labels.idx1': idx(11, [600], bigEndian) }),
    ],
    ['NumPy', source({ 'x_train.npy': npy('|u1', [600, 1, 1], pixels), 'y_train.npy': npy('<u2', [600], wide) })],
    ['pictures', source(pictures)],
  ])('%s: 300', async (_, from) => {
    const { train } = await loadData(from, { decodePicture });
    expect(train?.classes).toBe(300);
    expect(labelsOf(train)).toEqual(labels.slice(0, train?.count));
  });

  test.each<[string, Record<string, Content>]>([
    ['CSV', { 'train.csv': csv([10, 0]) }],
    [
      'IDX',
      {
        'train-images.idx3': idx(8, [2, 1, 1], Uint8Array.of(0, 0)),
        'train-labels.idx1': idx(8, [2], Uint8Array.of(10, 0)),
      },
    ],
    [
      'NumPy',
      {
        'x_train.npy': npy('|u1', [2, 1, 1], Uint8Array.of(0, 0)),
        'y_train.npy': npy('|u1', [2], Uint8Array.of(10, 0)),
      },
    ],
  ])('%s: a label 10 makes eleven', async (_, files) => {
    const { train } = await loadData(source(files));
    expect([labelsOf(train), train?.classes]).toEqual([[10, 0], 11]);
  });

  test('the labels of the test images too', async () => {
    const files = { 'test.csv': csv(['a'], 'id'), 'test-labels.csv': formatSubmission(['a'], [299]) };
    expect(Array.from((await loadData(source(files))).testLabels ?? [])).toEqual([299]);
    const wrong = source({ ...files, 'test-labels.csv': 'id,label\na,ten\n' });
    await expect(loadData(wrong)).rejects.toThrow(
      'test-labels.csv, line 2, column "label": expected a label in 0 … 1048575, found "ten"',
    );
  });

  test('ids instead of labels are refused where they would be learned', async () => {
    const ids = source({ 'train.csv': csv(countTo(1200)) });
    await expect(loadData(ids)).rejects.toThrow(
      'train.csv, row 1200: the label 1199 makes 1200 classes, but there are only 1200 rows; ' +
        'are these ids instead of labels?',
    );
    expect((await loadData(source({ 'train.csv': csv([...countTo(1200), 0]) }))).train?.classes).toBe(1200);
    // An excerpt is enough to evaluate a model of many classes.
    expect((await loadImages(single('some.csv', csv([5, 20_000])), { needs: 'label' })).classes).toBe(20_001);
  });
});

const pixels = Uint8Array.from({ length: 12 * 9 }, (_, i) => (i * 7) % 256);
const labels = Uint8Array.from({ length: 12 }, (_, i) => i % 10);

describe('IDX files', () => {
  const files = {
    'train-images-idx3-ubyte': idx(8, [12, 3, 3], pixels),
    'train-labels-idx1-ubyte': idx(8, [12], labels),
  };
  test.each<[string, Uint8Array, string]>([
    [
      'a short one',
      files['train-images-idx3-ubyte'].subarray(0, 100),
      'an array of shape (12, 3, 3) has 108 bytes, but only 84 are there',
    ],
    ['a long one', Uint8Array.of(...files['train-images-idx3-ubyte'], 120), 'has 108 bytes, but 1 more follow'],
    ['one of floats', idx(0x0d, [1, 1, 1], new Uint8Array(4)), 'elements of type 0xd are not known'],
    ['one of text', bytesOf('label,pixel0'), 'this is no IDX file'],
    ['a huge one', idx(8, [2 ** 31, 2 ** 31, 2], new Uint8Array(4)), 'its end is missing'],
    [
      'other labels',
      idx(12, [12], Uint8Array.of(...new Uint8Array(44), 0, 16, 0, 0)),
      'element 11: expected a label in 0 … 1048575, found 1048576',
    ],
    [
      'negative labels',
      idx(9, [12], Uint8Array.of(255, ...new Uint8Array(11))),
      'element 0: expected a label in 0 … 1048575, found -1',
    ],
    [
      'too few labels',
      idx(8, [11], labels.subarray(0, 11)),
      'it has 11 labels, but train-images-idx3-ubyte has 12 images',
    ],
  ])('%s: the error names the file', async (_, bytes, message) => {
    const name = message.includes('label') ? 'train-labels-idx1-ubyte' : 'train-images-idx3-ubyte';
    const bad = source({ ...files, [name]: bytes });
    await expect(loadData(bad)).rejects.toThrow(message);
    await expect(loadData(bad)).rejects.toThrow(/train-(images|labels)-idx\d-ubyte/);
  });

  test('single images find their labels beside them', async () => {
    const images = files['train-images-idx3-ubyte'];
    const beside = { 'train-images-idx3-ubyte': images, 'train-labels-idx1-ubyte': files['train-labels-idx1-ubyte'] };
    const { train } = await loadData(single('folder/train-images-idx3-ubyte', images, beside));
    expect(labelsOf(train)).toEqual(Array.from(labels));
    const alone = await loadData(single('train-images-idx3-ubyte', images, { 'other-labels-idx1-ubyte': labels }));
    expect(alone.train?.labels).toBeUndefined();
  });
});

describe('NumPy’s files', () => {
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
  ])('%s: the error names the file', async (_, bytes, message) => {
    const bad = source({ 'x_train.npy': bytes, 'y_train.npy': npy('|u1', [1], Uint8Array.of(1)) });
    await expect(loadData(bad)).rejects.toThrow(message);
    await expect(loadData(bad)).rejects.toThrow('x_train.npy: ');
  });

  const [x, y] = [npy('|u1', [2, 1, 1], Uint8Array.of(8, 9)), npy('|u1', [2], Uint8Array.of(1, 0))];
  test('what names have in common pairs images and labels', async () => {
    const files = { 'x_train.npy': x, 'y_train.npy': y, 'X_dig_MNIST.npy': x, 'y_dig_mnist.npy': y };
    const { train, extra } = await loadData(source({ ...files, 'own/images.npy': x, 'own/labels.npy': y, 'z.npy': x }));
    expect([labelsOf(train), Object.keys(extra)]).toEqual([
      [1, 0],
      ['dig_MNIST', 'own'],
    ]);
    expect([extra['own']?.pixels, labelsOf(extra['own'])]).toEqual([Uint8Array.of(8, 9), [1, 0]]);
  });

  test('without such names there is one set', async () => {
    expect(labelsOf((await loadData(source({ 'digits.npy': x, 'what they are.npy': y }))).train)).toEqual([1, 0]);
    await expect(loadData(source({ 'a.npy': x, 'b.npy': x }))).rejects.toThrow(
      'data: both a.npy and b.npy hold images; which one is meant?',
    );
  });

  test('archives of them are unpacked by the function that the caller passes', async () => {
    const archive = Uint8Array.of(0x50, 0x4b, 3, 4);
    await expect(loadData(single('mnist.npz', archive))).rejects.toThrow(
      'mnist.npz: this is an archive of NumPy arrays; unpack it, and pass the .npy files in it',
    );
    const unzip = () =>
      memorySource('', { 'x_train.npy': x, 'y_train.npy': y, 'x_dig.npy': x, 'y_dig.npy': y }).files();
    const { train, extra } = await loadData(single('mnist.npz', archive), { unzip });
    expect([train?.source, labelsOf(train), Object.keys(extra)]).toEqual(['mnist.npz, x_train', [1, 0], ['dig']]);
  });
});

describe('pictures', () => {
  const picture = Uint8Array.of(7);
  const train = { 'train/cat/1.png': picture, 'train/dog/1.png': picture };

  test('further ones of the same classes are a set by the name of their folder', async () => {
    const files = { ...train, 'wild/dog/2.png': picture, 'report/figures/1.png': picture, 'sheet.png': picture };
    const sets = await loadData(source(files), { decodePicture });
    expect(sets.train?.classNames).toEqual(['cat', 'dog']);
    expect(Object.keys(sets.extra)).toEqual(['wild']);
    expect([labelsOf(sets.extra['wild']), sets.extra['wild']?.classes]).toEqual([[1], 2]);
  });

  test('folders that are called by years are no class numbers', async () => {
    const { train: years } = await loadData(source({ '2023/a.png': picture, '2024/a.png': picture }), {
      decodePicture,
    });
    expect([years?.classNames, labelsOf(years)]).toEqual([
      ['2023', '2024'],
      [0, 1],
    ]);
  });

  test('without a decoder they are refused', async () => {
    await expect(loadData(source(train))).rejects.toThrow(
      'train/cat/1.png: this is a picture, and this program cannot decode any',
    );
  });
});

describe('the error names what is wrong', () => {
  const train = csv([0, 1]);
  test('files that are missing, and what is there instead', async () => {
    const sets = await loadData(source({ 'Dig-MNIST.csv': train, 'a.txt': 'x' }));
    expect(() => requireTest('data', sets)).toThrow(
      /^data: there is no test\.csv in it, .*; it holds Dig-MNIST\.csv, a/,
    );
    expect(() => requireTraining('data', sets)).toThrow(/^data: there is no train\.csv in it/);
  });

  test('a sample submission with other ids', async () => {
    const files = { 'test.csv': csv([0, 1], 'id'), 'sample_submission.csv': formatSubmission(['x0', 'x1'], [0, 0]) };
    await expect(loadData(source(files))).rejects.toThrow(
      'sample_submission.csv, line 2, column "id": expected "0" as in test.csv, found "x0"',
    );
  });

  test.each(['test.csv', 'extra.csv'])('images that differ in size: %s', async (name) => {
    const other = 'label,pixel0,pixel1,pixel2,pixel3\n0,1,2,3,4\n';
    await expect(loadData(source({ 'train.csv': train, [name]: other }))).rejects.toThrow(
      `${name}: it has images of 2 × 2 × 1 pixels, but train.csv has images of 1 × 1 × 1 pixels`,
    );
  });

  test.each(['train.csv', 'own.csv'])('two files for the same: %s', async (name) => {
    await expect(loadData(source({ [`a/${name}`]: train, [`b/${name}`]: train }))).rejects.toThrow(
      `data: both a/${name} and b/${name} are there; which one is meant?`,
    );
  });

  test('further images of classes that are not learned, before anything is trained', async () => {
    const sets = await loadData(source({ 'train.csv': train, 'own.csv': csv([0, 7]) }));
    expect(() => checkExtraClasses(sets)).toThrow(
      'own.csv: it has the label 7, but the labels of train.csv end at 1; ' +
        'move this file elsewhere, or correct its labels',
    );
  });

  test('images without labels to learn from', async () => {
    const sets = await loadData(single('unlabelled.npy', npy('|u1', [5, 9], pixels.subarray(0, 45))));
    expect(() => requireTraining('unlabelled.npy', sets)).toThrow(
      'unlabelled.npy: its images have no labels to learn from',
    );
  });
});
