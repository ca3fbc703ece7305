/** If these failed, a broken or hostile file would crash a reader, or be read as a data set that it does not hold. */
import { describe, expect, test } from 'vitest';
import { CsvParser } from './csv/parser.js';
import type { ImageDataset } from './dataset.js';
import { parseIdx } from './formats/idx.js';
import { parseNpy } from './formats/npy.js';
import { MOST_CLASSES } from './labels.js';
import { checkArray, idx, npy } from './testing/arrays.js';
import { fuzz } from './testing/fuzz.js';

function checkImages({ pixels, rowLength, count, labels, ids }: ImageDataset): void {
  expect(pixels.length).toBe(count * rowLength);
  expect(count).toBeGreaterThan(0);
  if (labels) expect(labels.length === count && labels.every((label) => label < MOST_CLASSES)).toBe(true);
  if (ids) expect(ids.length === count && ids.every((id) => id !== '')).toBe(true);
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
      (text) => new TextEncoder().encode(text),
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
});
