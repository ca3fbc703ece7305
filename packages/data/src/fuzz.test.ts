/**
 * Readers of files against files that nobody would write: good ones that are changed at random, and noise. Each must end in
 * a data set that is one, or in a named error; within a second of computing, and without much memory. What is drawn depends
 * on the seed alone; a failure prints the smallest input that fast-check has found.
 */

import fc from 'fast-check';
import { strToU8, zipSync } from 'fflate';
import { beforeAll, describe, expect, test } from 'vitest';
import { CsvParser } from './csv/parser.js';
import type { ImageDataset } from './dataset.js';
import { DataError } from './errors.js';
import { imagesOf, labelsOf, type NumberArray } from './formats/arrays.js';
import { parseIdx } from './formats/idx.js';
import { parseNpy, parseNpz } from './formats/npy.js';
import { readWhole, type SourceFile } from './source/file.js';
import { DEFAULT_LIMITS } from './source/limits.js';
import { tarFiles } from './source/tar.js';
import { zipFiles } from './source/zip.js';
import { idx, npy, tarOf } from './testing/files.js';

const SEED = 20_261_123;
const INPUTS = 8000;
const MOST_CPU_SECONDS = 1;
const MOST_BYTES = 128 * 2 ** 20;

/** What is done to a good file: each number is taken modulo what makes sense. */
const change = fc.record({
  kind: fc.constantFrom('flip', 'set', 'cut', 'insert', 'repeat', 'end', 'number'),
  at: fc.nat(),
  length: fc.nat({ max: 64 }),
  value: fc.constantFrom(0, 1, 9, 10, 13, 32, 34, 44, 45, 46, 47, 48, 57, 58, 92, 127, 128, 200, 255),
});
type Change = typeof change extends fc.Arbitrary<infer C> ? C : never;

function changed(good: Uint8Array, changes: readonly Change[]): Buffer {
  let bytes = Buffer.from(good);
  for (const { kind, at, length, value } of changes) {
    if (bytes.length === 0) return bytes;
    const place = at % bytes.length;
    if (kind === 'flip') bytes[place] = (bytes[place] as number) ^ (1 << (length % 8));
    if (kind === 'set') bytes[place] = value;
    if (kind === 'cut') bytes = Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + length)]);
    if (kind === 'insert')
      bytes = Buffer.concat([bytes.subarray(0, place), Buffer.alloc(length, value), bytes.subarray(place)]);
    if (kind === 'repeat') bytes = Buffer.concat([bytes.subarray(0, place + length), bytes.subarray(place)]);
    if (kind === 'end') bytes = bytes.subarray(0, place);
    if (kind === 'number') bytes.fill(value, place, Math.min(bytes.length, place + (length % 9)));
  }
  return bytes;
}

let outcomes = { good: 0, refused: 0 };

/** Changed files of a corpus, and noise, through a reader. */
async function fuzz(corpus: readonly Uint8Array[], read: (bytes: Buffer) => Promise<void> | void): Promise<void> {
  outcomes = { good: 0, refused: 0 };
  const input = fc.oneof(
    {
      weight: 9,
      arbitrary: fc
        .tuple(fc.nat({ max: corpus.length - 1 }), fc.array(change, { maxLength: 6 }))
        .map(([i, changes]) => changed(corpus[i] as Uint8Array, changes)),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)) },
  );
  const property = fc.asyncProperty(input, async (bytes) => {
    const memory = process.memoryUsage().arrayBuffers;
    const cpu = process.cpuUsage();
    try {
      await read(bytes);
      outcomes.good++;
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      expect(error.message).toMatch(/^file/);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may reach a terminal
      expect(error.message).not.toMatch(/[\u0000-\u001f\u007f]/);
      outcomes.refused++;
    }
    const { user, system } = process.cpuUsage(cpu);
    expect((user + system) / 1e6, 'seconds of computing').toBeLessThan(MOST_CPU_SECONDS);
    expect(process.memoryUsage().arrayBuffers - memory, 'bytes').toBeLessThan(MOST_BYTES);
  });
  await fc.assert(property, { seed: SEED, numRuns: INPUTS });
  // Else the changes would be too harsh, or too mild, to find anything.
  expect(outcomes.good).toBeGreaterThan(INPUTS / 50);
  expect(outcomes.refused).toBeGreaterThan(INPUTS / 50);
}

function checkImages({ pixels, rowLength, count, labels, ids }: ImageDataset): void {
  expect(pixels.length).toBe(count * rowLength);
  expect(count).toBeGreaterThan(0);
  if (labels) expect(labels.length === count && labels.every((label) => label < 10)).toBe(true);
  if (ids) expect(ids.length === count && ids.every((id) => id !== '')).toBe(true);
}

function checkArray(array: NumberArray): void {
  if (array.shape.length === 1) {
    expect(labelsOf(array, 10).every((label) => label < 10)).toBe(true);
    return;
  }
  const { shape, pixels } = imagesOf(array, undefined);
  expect(pixels.length % shape.reduce((a, b) => a * b)).toBe(0);
}

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.slice(i, i + size);
}

async function readAll(files: AsyncIterable<SourceFile>): Promise<void> {
  for await (const file of files) {
    expect(file.name).not.toMatch(/^\/|(^|\/)\.\.(\/|$)/);
    await readWhole(file);
  }
}

const bytesOf = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 37) % 256);

describe('whatever is in a file, it is read or refused', () => {
  test('CSV', async () => {
    const header = Array.from({ length: 16 }, (_, i) => `pixel${i}`).join(',');
    const rows = Array.from({ length: 12 }, (_, row) => [
      row % 10,
      ...Array.from({ length: 16 }, (_, i) => (i % 3 === 0 ? (row * 41 + i * 13) % 256 : 0)),
    ]);
    const plain = `label,${header}\n${rows.map((row) => `${row.join(',')}\n`).join('')}`;
    const quoted = `"id",${header}\r\n${rows.map((row) => `${row.map((cell) => `"${cell}"`).join(',')}\r\n`).join('')}`;
    const corpus = [plain, quoted, `\uFEFFpixel1,label,pixel0,pixel3,pixel2\n1,2,3,4,5\n`, 'label,pixel0\n1,2'].map(
      (text) => strToU8(text),
    );
    await fuzz(corpus, (bytes) => {
      const parser = new CsvParser('file', {}, bytes.length);
      // In pieces of a size that the content decides, so that rows are cut anywhere.
      const size = 1 + (bytes.length % 97);
      for (let i = 0; i < bytes.length; i += size) parser.push(bytes.subarray(i, i + size));
      checkImages(parser.end());
    });
  });

  test('IDX', async () => {
    await fuzz(
      [
        idx(8, [3, 4, 4], bytesOf(48)),
        idx(
          8,
          [5],
          bytesOf(5).map((value) => value % 10),
        ),
        idx(0x0c, [2, 2, 2], bytesOf(32)),
      ],
      (bytes) => checkArray(parseIdx('file', bytes)),
    );
  });

  test('NPY', async () => {
    const labels = Uint8Array.from({ length: 24 }, (_, i) => (i % 8 === 0 ? i / 8 : 0));
    const corpus = [
      npy('|u1', [3, 4, 4], bytesOf(48)),
      npy('<i8', [3], labels),
      npy('|u1', [3, 16], bytesOf(48)),
      npy('>i4', [2, 1], new Uint8Array(8)),
    ];
    await fuzz(corpus, (bytes) => checkArray(parseNpy('file', bytes)));
  });

  test('zip, and NumPy’s archives', async () => {
    const files = {
      'a.txt': strToU8('some text '.repeat(50)),
      'b/c.csv': strToU8('label,pixel0\n1,2\n'),
      'ಅ.txt': strToU8('x'),
    };
    const corpus = [
      zipSync(files),
      zipSync(files, { level: 0 }),
      zipSync({ 'x.npy': npy('|u1', [3, 4, 4], bytesOf(48)) }),
    ];
    await fuzz(corpus, async (bytes) => {
      await readAll(zipFiles('file', bytes, DEFAULT_LIMITS));
      if (bytes.includes('NUMPY')) for await (const array of parseNpz('file', bytes, DEFAULT_LIMITS)) checkArray(array);
    });
  });

  describe('tar', () => {
    let corpus: Uint8Array[];
    beforeAll(async () => {
      const long = `${'long/'.repeat(30)}name.txt`;
      corpus = [
        await tarOf([
          { name: 'a.txt', content: strToU8('some text '.repeat(100)) },
          { name: 'b/', type: 'directory' },
          { name: 'b/c', content: new Uint8Array(1) },
        ]),
        await tarOf([
          { name: long, content: strToU8('x') },
          { name: 'ಅ.txt', content: strToU8('y'), pax: { comment: 'z' } },
        ]),
      ];
    });
    test('archives', async () => {
      await fuzz(corpus, (bytes) => readAll(tarFiles('file', inPieces(bytes, 1 + (bytes.length % 1500)))));
    });
  });
});
