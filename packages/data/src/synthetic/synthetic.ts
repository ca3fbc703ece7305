/** A data set of synthetic handwritten Kannada digits, in the form of the competition's files. */
import { Random } from '@anke/random';
import { ImageDataset } from '../dataset.js';
import { formatSubmission } from '../submission.js';
import type { Outline } from './outline.js';
import { type Skeleton, skeletonOf } from './skeleton.js';
import { SIDE, writeDigit } from './write.js';

export interface SyntheticOptions {
  readonly train: number;
  readonly test: number;
  readonly seed: number;
  readonly onProgress?: (done: number, total: number) => void | Promise<void>;
}

export interface SyntheticDigits {
  readonly train: ImageDataset;
  /** With ids; its labels are in `testLabels`. */
  readonly test: ImageDataset;
  readonly testLabels: Uint32Array;
  /** By name: as many as the test images, in less tidy writing. */
  readonly extra: Readonly<Record<string, ImageDataset>>;
}

const TIDY = 1;
const WILD = 1.8;
/** Images between two reports of progress. */
const REPORT = 256;

/**
 * Draws the digits. Each image depends on the seed, its part and its number alone, so that a longer data set begins
 * with the shorter one.
 *
 * @param fonts the outlines of the ten digits, for each font
 */
export async function synthesize(
  fonts: readonly (readonly Outline[])[],
  { train, test, seed, onProgress }: SyntheticOptions,
): Promise<SyntheticDigits> {
  const skeletons = fonts.map((outlines) => outlines.map(skeletonOf));
  const total = train + 2 * test;
  let done = 0;
  const draw = async (part: string, count: number, wildness: number) => {
    const pixels = new Uint8Array(count * SIDE * SIDE);
    const labels = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      const random = new Random(seed, `synthetic/${part}`, i);
      const digit = i % 10; // as in the competition: 0 … 9 again and again
      const font = skeletons[random.integer(skeletons.length)] as readonly Skeleton[];
      labels[i] = digit;
      pixels.set(writeDigit(font[digit] as Skeleton, random, wildness), i * SIDE * SIDE);
      if (++done % REPORT === 0 || done === total) await onProgress?.(done, total);
    }
    return { pixels, labels };
  };
  const shape = [SIDE, SIDE, 1] as const;
  const trained = await draw('train', train, TIDY);
  const tested = await draw('test', test, TIDY);
  const dig = await draw('dig', test, WILD);
  const ids = Array.from({ length: test }, (_, i) => String(i));
  // The test images come shuffled, so that their order tells nothing.
  const order = new Random(seed, 'synthetic/order').permutation(test);
  const shuffled = new Uint8Array(tested.pixels.length);
  order.forEach((from, to) => {
    shuffled.set(tested.pixels.subarray(from * SIDE * SIDE, (from + 1) * SIDE * SIDE), to * SIDE * SIDE);
  });
  const labels = Uint32Array.from(order, (from) => tested.labels[from] as number);
  return {
    train: new ImageDataset('train.csv', shape, trained.pixels, { labels: trained.labels }),
    test: new ImageDataset('test.csv', shape, shuffled, { ids }),
    testLabels: labels,
    extra: { 'Dig-MNIST': new ImageDataset('Dig-MNIST.csv', shape, dig.pixels, { labels: dig.labels }) },
  };
}

function formatImages(first: 'label' | 'id', data: ImageDataset): string {
  const { rowLength, pixels, labels, ids } = data;
  const header = [first, ...Array.from({ length: rowLength }, (_, i) => `pixel${i}`)].join(',');
  const rows = Array.from({ length: data.count }, (_, row) => {
    const key = first === 'label' ? labels?.[row] : ids?.[row];
    return `${key},${pixels.subarray(row * rowLength, (row + 1) * rowLength).join(',')}\n`;
  });
  return `${header}\n${rows.join('')}`;
}

/**
 * The competition's four files, by name, and `test-labels.csv` with the answers.
 *
 * @param write is given each file
 */
export function writeCompetition(digits: SyntheticDigits, write: (name: string, content: string) => void): void {
  const ids = digits.test.ids as readonly string[];
  write('train.csv', formatImages('label', digits.train));
  write('test.csv', formatImages('id', digits.test));
  for (const [name, images] of Object.entries(digits.extra)) write(`${name}.csv`, formatImages('label', images));
  write('sample_submission.csv', formatSubmission(ids, new Uint8Array(ids.length)));
  write('test-labels.csv', formatSubmission(ids, digits.testLabels));
}
