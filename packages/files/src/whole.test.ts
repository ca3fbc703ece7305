/** If these failed, a file could be empty after a power failure, or a file could take the place of a device. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DISK, makeFolder, writeWhole } from './whole.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'anke whole '));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

test('content comes to the disk before its name, and the name before it is told', () => {
  const steps: string[] = [];
  for (const name of ['write', 'sync', 'rename'] as const) {
    const does = DISK[name] as (...args: unknown[]) => void;
    vi.spyOn(DISK, name).mockImplementation((...args: unknown[]) => {
      steps.push([name, ...args.map(String)].join(' ').replaceAll(folder, '.'));
      does(...args);
    });
  }
  writeWhole(join(folder, 'a'), 'text');
  const draft = `./.${process.pid}.part`;
  expect(steps).toEqual([`write ${draft} text`, `sync ${draft}`, `rename ${draft} ./a`, 'sync .']);
});

test('a write that fails leaves the old file, and no draft', () => {
  const path = join(folder, 'a');
  writeWhole(path, 'old');
  vi.spyOn(DISK, 'sync').mockImplementation(() => {
    throw Object.assign(new Error('EIO'), { code: 'EIO' });
  });
  expect(() => writeWhole(path, 'new')).toThrow('EIO');
  expect(readFileSync(path, 'utf8')).toBe('old');
  expect(readdirSync(folder)).toEqual(['a']);
});

test('a folder’s name is refused; folders above are made', () => {
  makeFolder(join(folder, 'b/c'));
  expect(() => writeWhole(join(folder, 'b'), 'text')).toThrow('this is a folder, and a file is to be written');
});

test.skipIf(process.platform === 'win32')('a device is written into', () => {
  const rename = vi.spyOn(DISK, 'rename');
  writeWhole('/dev/null', 'text');
  expect(rename).not.toHaveBeenCalled();
});
