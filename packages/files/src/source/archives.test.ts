/** If these failed, files of a harmful or damaged archive would be used before the archive is refused. */
import { gzipSync } from 'node:zlib';
import { readWhole, type SourceFile } from '@anke/data';
import { strToU8, type Zippable, zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { type TarEntry, tarOf } from '../testing/archives.js';
import { gunzipped } from './gzip.js';
import { type ArchiveLimits, Budget, DEFAULT_LIMITS } from './limits.js';
import { tarFiles } from './tar.js';
import { zipFiles } from './zip.js';

type Contents = Record<string, string>;

async function contents(files: AsyncIterable<SourceFile>): Promise<Contents> {
  const read: Contents = {};
  for await (const file of files) read[file.name] = new TextDecoder().decode(await readWhole(file));
  return read;
}
async function* inPieces(bytes: Uint8Array, size = 700): AsyncGenerator<Uint8Array> {
  // One memory for all pieces, as the reader of files does it.
  const memory = new Uint8Array(size);
  for (let i = 0; i < bytes.length; i += size) {
    const piece = bytes.subarray(i, i + size);
    memory.set(piece);
    yield memory.subarray(0, piece.length);
  }
}
const unzip = (bytes: Uint8Array, limits: ArchiveLimits = DEFAULT_LIMITS): Promise<Contents> =>
  contents(zipFiles('a.zip', Buffer.from(bytes), limits));
const untar = (bytes: Uint8Array): Promise<Contents> => contents(tarFiles('a.tar', inPieces(bytes)));
const ungzip = (bytes: Uint8Array, limits?: ArchiveLimits): Promise<Uint8Array> => {
  const file = { name: 'a.csv.gz', bytes: bytes.length, pieces: () => inPieces(bytes) };
  return readWhole(gunzipped(file, new Budget('a.csv.gz', bytes.length, limits)));
};

const GOOD = { 'a.txt': 'first', 'folder/b.txt': 'second\n'.repeat(500) };
const zipOf = (files: Record<string, string>, options: Zippable = {}): Uint8Array =>
  zipSync({ ...Object.fromEntries(Object.entries(files).map(([name, text]) => [name, strToU8(text)])), ...options });

/** Changes a field of every local and central header. */
function patched(zip: Uint8Array, local: number, central: number, change: (bytes: Buffer, at: number) => void): Buffer {
  const bytes = Buffer.from(zip);
  for (let i = 0; i < bytes.length - 4; i++) {
    if (bytes.readUInt32LE(i) === 0x04034b50) change(bytes, i + local);
    if (bytes.readUInt32LE(i) === 0x02014b50) change(bytes, i + central);
  }
  return bytes;
}

test('good archives give what was put in', async () => {
  expect(await unzip(zipOf(GOOD))).toEqual(GOOD);
  expect(await unzip(zipOf(GOOD, { empty: [strToU8(''), { level: 0 }] }))).toEqual({ ...GOOD, empty: '' });
  const entries = Object.entries(GOOD).map(([name, text]) => ({ name, content: strToU8(text) }));
  expect(await untar(await tarOf([{ name: 'folder/', type: 'directory' }, ...entries]))).toEqual(GOOD);
  expect(new TextDecoder().decode(await ungzip(gzipSync(GOOD['folder/b.txt'])))).toBe(GOOD['folder/b.txt']);
  expect(await unzip(zipOf({ 'ಅಂಕೆ.txt': 'x', './b/./c.txt': 'y', 'd\\e.txt': 'z' }))).toEqual({
    'ಅಂಕೆ.txt': 'x',
    'b/c.txt': 'y',
    'd/e.txt': 'z',
  });
});

describe('names that lead out of the folder', () => {
  test.each([
    ['../x', 'leads out of the folder'],
    ['a/../../x', 'leads out of the folder'],
    ['..\\x', 'leads out of the folder'],
    ['/etc/x', 'has an absolute path'],
    ['C:\\x', 'has an absolute path'],
    ['\\\\server\\x', 'has an absolute path'],
    ['a\u0000b', 'has control characters in its name'],
    ['a\u001b[2Jb', 'has control characters in its name'],
    ['n'.repeat(300), 'has a name that is too long'],
  ])('%j', async (name, why) => {
    await expect(unzip(zipOf({ 'good.txt': 'x', [name]: 'x' }))).rejects.toThrow(
      `${why}; nothing of the archive is used`,
    );
    if (!name.includes('\u0000'))
      await expect(untar(await tarOf([{ name, content: strToU8('x') }]))).rejects.toThrow(why);
  });

  test('names that are not UTF-8', async () => {
    const latin = Buffer.from(zipOf({ 'caf_.txt': 'x' }));
    for (let i = latin.indexOf('caf_'); i >= 0; i = latin.indexOf('caf_', i + 1)) latin[i + 3] = 0xe9;
    await expect(unzip(latin)).rejects.toThrow(
      'a.zip: the entry "café.txt" has a name that is not UTF-8; nothing of the archive is used',
    );
  });

  test('links', async () => {
    const attributes = { os: 3, attrs: (0o120777 << 16) >>> 0 };
    await expect(unzip(zipSync({ link: [strToU8('/etc/passwd'), attributes] }))).rejects.toThrow(
      'a.zip: the entry "link" is a link',
    );
    const links: TarEntry[] = [
      { name: 'link', type: 'symlink', linkname: '/etc' },
      { name: 'hard', type: 'link', linkname: '/etc/passwd' },
    ];
    for (const entry of links)
      await expect(untar(await tarOf([entry]))).rejects.toThrow(`a.tar: the entry "${entry.name}" is a link`);
    await expect(untar(await tarOf([{ name: 'pipe', type: 'fifo' }]))).rejects.toThrow(
      'is neither a file nor a folder, but a fifo',
    );
  });

  test('the same name twice', async () => {
    const entry = { name: 'a', content: strToU8('x') };
    await expect(untar(await tarOf([entry, entry]))).rejects.toThrow('a.tar: the entry "a" is there twice');
  });
});

describe('bombs', () => {
  const zeros = new Uint8Array(80 * 2 ** 20);

  test('more times the archive’s size than is allowed, by what it tells and by what comes', async () => {
    const bomb = zipSync({ zeros });
    await expect(unzip(bomb)).rejects.toThrow(
      /a\.zip: it unpacks to more than 200 times its \d+ bytes, as a bomb does \(--max-ratio/,
    );
    await expect(ungzip(gzipSync(zeros))).rejects.toThrow('as a bomb does');
    expect((await ungzip(gzipSync(zeros), { maxBytes: 2 ** 30, maxRatio: 2000 })).length).toBe(zeros.length);
  });

  test('more bytes than are allowed', async () => {
    await expect(unzip(zipOf(GOOD), { maxBytes: 1000, maxRatio: 200 })).rejects.toThrow(
      'unpacks to more than 1000 bytes, the limit (--max-unpacked raises it)',
    );
  });

  test('more bytes than the entry tells', async () => {
    const liar = patched(zipOf({ a: 'x'.repeat(5000) }), 22, 24, (bytes, at) => bytes.writeUInt32LE(10, at));
    await expect(unzip(liar)).rejects.toThrow('a.zip, entry "a": it has more than the 10 bytes that the archive tells');
  });
});

describe('archives that are not whole', () => {
  test('encrypted', async () => {
    const encrypted = patched(zipOf(GOOD), 6, 8, (bytes, at) => bytes.writeUInt16LE(1, at));
    await expect(unzip(encrypted)).rejects.toThrow('a.zip: the entry "a.txt" is encrypted');
  });

  test('an unknown method', async () => {
    const other = patched(zipOf(GOOD), 8, 10, (bytes, at) => bytes.writeUInt16LE(12, at));
    await expect(unzip(other)).rejects.toThrow('is packed by method 12, and only 0 and 8 (deflate) are known');
  });

  test('a zip archive cut off anywhere, or with a flipped bit', async () => {
    const zip = zipOf(GOOD);
    for (let length = 0; length < zip.length; length += 7)
      await expect(unzip(zip.subarray(0, length))).rejects.toThrow(/^a\.zip/);
    const flipped = Buffer.from(zip);
    const at = flipped.indexOf('first'); // too short to be worth deflating, yet deflated it may be
    flipped[at < 0 ? 40 : at] = (flipped[at < 0 ? 40 : at] as number) ^ 1;
    await expect(unzip(flipped)).rejects.toThrow(/^a\.zip, entry "a\.txt": /);
  });

  test('a tar archive cut off anywhere', async () => {
    const tar = await tarOf(Object.entries(GOOD).map(([name, text]) => ({ name, content: strToU8(text) })));
    expect(tar.length % 512).toBe(0);
    for (let length = 100; length < tar.length - 1024; length += 512) {
      await expect(untar(tar.subarray(0, length)), `${length} bytes`).rejects.toThrow(/^a\.tar: .*its end is missing/);
    }
    await expect(untar(tar.subarray(0, tar.length - 1024))).rejects.toThrow(
      'a.tar: the tar archive has no end mark; its end is missing',
    );
  });

  test('a tar archive with a size that is no number', async () => {
    const tar = await tarOf([{ name: 'a', content: strToU8('x') }]);
    for (const byte of [0x81, 0xfe]) {
      tar[124] = byte;
      // The checksum is that of the header with blanks in its own place.
      tar.fill(0x20, 148, 156);
      tar.write(
        `${tar
          .subarray(0, 512)
          .reduce((sum, one) => sum + one, 0)
          .toString(8)
          .padStart(6, '0')}\0`,
        148,
      );
      await expect(untar(tar)).rejects.toThrow('a.tar: the entry "a" has a size that is no number');
    }
  });

  test('a gzip file cut off, or with a flipped bit', async () => {
    const packed = gzipSync(GOOD['folder/b.txt']);
    await expect(ungzip(packed.subarray(0, packed.length - 5))).rejects.toThrow('a.csv.gz: its end is missing');
    packed[packed.length - 6] = (packed[packed.length - 6] as number) ^ 1;
    await expect(ungzip(packed)).rejects.toThrow('a.csv.gz: it cannot be unpacked');
  });
});
