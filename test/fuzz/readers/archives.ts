/** Archives: zip (compared with fflate), NumPy's, tar, gzip (compared with Node's). */
import { gunzipSync, gzipSync } from 'node:zlib';
import { memoryFile, readWhole, type SourceFile } from '@anke/data';
import { parseNpz } from '../../../packages/data/src/formats/npy.js';
import { npy } from '../../../packages/data/src/testing/arrays.js';
import { gunzipped } from '../../../packages/files/src/source/gzip.js';
import { Budget, DEFAULT_LIMITS } from '../../../packages/files/src/source/limits.js';
import { tarFiles } from '../../../packages/files/src/source/tar.js';
import { zipFiles } from '../../../packages/files/src/source/zip.js';
import { tarOf, unzipped, zipOf } from '../../../packages/files/src/testing/archives.js';
import { Difference, type Reader } from '../reader.ts';
import { valuesOf } from './arrays.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const bytesOf = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 37) % 256);
const same = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;

const FILES = { 'a.txt': text('some text '.repeat(20)), 'b/c.csv': text('label,pixel0\n1,2\n'), 'ಅ.txt': text('x') };

/** All files, whose names must lie below the archive. */
async function contents(files: AsyncIterable<SourceFile>): Promise<Map<string, Uint8Array>> {
  const all = new Map<string, Uint8Array>();
  for await (const file of files) {
    if (/^\/|(^|\/)\.\.(\/|$)/.test(file.name)) throw new Difference(`the name ${file.name} leads out`);
    all.set(file.name, await readWhole(file));
  }
  return all;
}

const ZIP_WORDS = [
  'PK\x03\x04',
  'PK\x01\x02',
  'PK\x05\x06',
  'PK\x06\x06',
  'PK\x06\x07',
  '../',
  '\\',
  '\xff\xff',
  '\x08\x00',
];

export const zipReader: Reader = {
  seeds: () => [zipOf(FILES), zipOf(FILES, 0), zipOf({ 'a/': new Uint8Array(), 'a/b': text('b') })],
  words: ZIP_WORDS,
  async read(bytes) {
    const ours = await contents(zipFiles('file', Buffer.from(bytes), DEFAULT_LIMITS));
    let theirs: Readonly<Record<string, Uint8Array>>;
    try {
      theirs = unzipped(bytes);
    } catch {
      return; // fflate unpacks what is in folders too, and takes another place for the end of the list
    }
    for (const [name, content] of ours) {
      // Names are UTF-8 here whatever a flag says, and made alike where they mean the same: others are not found there.
      const other = theirs[name];
      if (other && !same(content, other)) throw new Difference(`the entry ${JSON.stringify(name)} has other content`);
    }
  },
};

export const npzReader: Reader = {
  seeds: () => [
    zipOf({ 'x.npy': npy('|u1', [3, 4, 4], bytesOf(48)), 'y.npy': npy('|u1', [3], Uint8Array.of(1, 2, 3)) }, 0),
    zipOf({ 'x.npy': npy('|u1', [3, 4, 4], bytesOf(48)) }),
  ],
  words: ZIP_WORDS,
  async read(bytes) {
    for await (const { array } of parseNpz('file', zipFiles('file', Buffer.from(bytes), DEFAULT_LIMITS)))
      valuesOf(array);
  },
};

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.slice(i, i + size);
}

export const tarReader: Reader = {
  seeds: async () => [
    await tarOf([
      { name: 'a.txt', content: text('some text '.repeat(60)) },
      { name: 'b/', type: 'directory' },
      { name: 'b/c', content: new Uint8Array(1) },
    ]),
    await tarOf([
      { name: `${'long/'.repeat(30)}name.txt`, content: text('x') },
      { name: 'ಅ.txt', content: text('y'), pax: { comment: 'z' } },
    ]),
  ],
  words: [
    'ustar\x0000',
    '0000644',
    '00000000010',
    '\x80\x00\x00\x00',
    '\x81',
    '\xff\xff\xff\xff',
    '11 path=x\n',
    '12 size=4\n',
    'L',
    'x',
  ],
  async read(bytes) {
    await contents(tarFiles('file', inPieces(bytes, 1 + (bytes.length % 1500))));
  },
};

export const gzipReader: Reader = {
  seeds: () => [gzipSync('label,pixel0\n1,2\n'), gzipSync(bytesOf(600)), gzipSync('0,'.repeat(3000))],
  words: ['\x1f\x8b\x08', '\x1f\x8b\x08\x08', '\x00\x00\x00\x00', '\x01\x00\x00\xff\xff'],
  async read(bytes) {
    const file = memoryFile('file.gz', bytes);
    const ours = await readWhole(gunzipped(file, new Budget('file', bytes.length, DEFAULT_LIMITS)));
    let theirs: Uint8Array;
    try {
      theirs = gunzipSync(bytes);
    } catch (error) {
      throw new Difference(`it is read, but Node's gunzipSync says: ${(error as Error).message}`);
    }
    if (!same(ours, theirs)) throw new Difference(`${ours.length} bytes instead of ${theirs.length}`);
  },
};
