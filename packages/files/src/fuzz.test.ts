/** If these failed, a broken or hostile archive would crash a reader, or be unpacked. */
import type { SourceFile } from '@anke/data';
import { readWhole } from '@anke/data';
import { strToU8, zipSync } from 'fflate';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseNpz } from '../../data/src/formats/npy.js';
import { checkArray, npy } from '../../data/src/testing/arrays.js';
import { fuzz } from '../../data/src/testing/fuzz.js';
import { DEFAULT_LIMITS } from './source/limits.js';
import { tarFiles } from './source/tar.js';
import { zipFiles } from './source/zip.js';
import { tarOf } from './testing/archives.js';

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

describe('whatever is in an archive, it is read or refused', () => {
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
      if (bytes.includes('NUMPY'))
        for await (const { array } of parseNpz('file', zipFiles('file', bytes, DEFAULT_LIMITS))) checkArray(array);
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
