/** If these failed, an archive could leave half a folder, or files outside it. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../source/limits.js';
import { tarOf } from '../testing/archives.js';
import { unpack } from './unpack.js';

const folder = mkdtempSync(join(tmpdir(), 'anke unpack '));
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
});

describe('unpacking', () => {
  const written = (name: string, bytes: Uint8Array): string => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  const target = (): string => join(folder, 'target');

  test('an archive becomes a folder, and a single file lies in one', async () => {
    const zip = written('.a', zipSync({ 'a/b.txt': Uint8Array.of(1, 2), 'c.csv.gz': Uint8Array.of(0x1f, 0x8b, 3) }));
    expect(await unpack(zip, target(), 'x.zip', DEFAULT_LIMITS)).toEqual({ files: 2, bytes: 5 });
    expect([...readFileSync(join(target(), 'a/b.txt'))]).toEqual([1, 2]);
    expect([...readFileSync(join(target(), 'c.csv.gz'))]).toEqual([0x1f, 0x8b, 3]);
    await expect(unpack(zip, target(), 'x.zip', DEFAULT_LIMITS)).rejects.toThrow('target: it is there already');
    rmSync(target(), { recursive: true });
    await unpack(written('.b', Buffer.from('label,pixel0\n')), target(), 'train.csv', DEFAULT_LIMITS);
    expect(readFileSync(join(target(), 'train.csv'), 'utf8')).toBe('label,pixel0\n');
  });

  test('of one that is damaged or dangerous, nothing remains anywhere', async () => {
    mkdirSync(join(folder, 'inner'));
    const before = readdirSync(folder);
    for (const bytes of [
      await tarOf([
        { name: 'good.txt', content: Uint8Array.of(1) },
        { name: '../evil.txt', content: Uint8Array.of(2) },
      ]),
      (await tarOf([{ name: 'good.txt', content: new Uint8Array(5000) }])).subarray(0, 3000),
      zipSync({ 'good.txt': Uint8Array.of(1), '../evil.txt': Uint8Array.of(2) }),
    ]) {
      await expect(unpack(written('.c', bytes), join(folder, 'inner', 'target'), 'x', DEFAULT_LIMITS)).rejects.toThrow(
        /leads out of the folder|its end is missing/,
      );
      rmSync(join(folder, '.c'));
      expect(readdirSync(folder)).toEqual(before);
      expect(readdirSync(join(folder, 'inner'))).toEqual([]);
    }
  });
});
