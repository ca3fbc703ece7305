/** If these failed, libraries could be loaded that another user has put into the cache folder. */
import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { cacheFolder } from './cache.js';
import { DriverError } from './errors.js';

const isRoot = process.getuid?.() === 0;
const SOMEBODY = 54_321;
let folder = '';
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'anke-cache-')));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** Makes a folder with these rights, whatever the umask is, and asks for the cache in it. */
function cacheIn(path: string, mode = 0o700): string {
  mkdirSync(path, { recursive: true });
  chmodSync(path, mode);
  vi.stubEnv('ANKE_CACHE', path);
  return cacheFolder('drivers');
}

test.skipIf(process.platform === 'win32').each([
  ['one that all can write to', (): string => cacheIn(join(folder, 'open'), 0o777), /open can be written by others/],
  ['one that all can write to, even if sticky', () => cacheIn(join(folder, 'tmp'), 0o1777), /tmp can be written by/],
  [
    'one below a folder that all can write to',
    () => {
      mkdirSync(join(folder, 'above'));
      chmodSync(join(folder, 'above'), 0o777);
      return cacheIn(join(folder, 'above', 'cache'));
    },
    /above can be written by others \(chmod go-w takes that from them\)/,
  ],
  [
    'one whose own folder all can write to',
    () => {
      mkdirSync(join(folder, 'cache', 'drivers'), { recursive: true });
      chmodSync(join(folder, 'cache', 'drivers'), 0o777);
      return cacheIn(join(folder, 'cache'));
    },
    /drivers can be written by others/,
  ],
  [
    'a link',
    () => {
      mkdirSync(join(folder, 'elsewhere'));
      symlinkSync(join(folder, 'elsewhere'), join(folder, 'link'));
      return cacheIn(join(folder, 'link'));
    },
    /link is a symbolic link; name the folder that it leads to/,
  ],
])('%s is refused by name', (_, make, message) => {
  const error = (() => {
    try {
      return make();
    } catch (caught) {
      return caught;
    }
  })();
  expect(error).toBeInstanceOf(DriverError);
  expect((error as Error).message).toMatch(message);
});

test.skipIf(process.platform === 'win32')('one of this user’s own in a folder for all, such as /tmp, is used', () => {
  mkdirSync(join(folder, 'tmp'));
  chmodSync(join(folder, 'tmp'), 0o1777);
  expect(cacheIn(join(folder, 'tmp', 'anke'))).toBe(join(folder, 'tmp', 'anke', 'drivers'));
});

test.runIf(isRoot)('what another user has put into the temporary folder beforehand is refused', () => {
  const tmp = join(folder, 'tmp');
  mkdirSync(join(tmp, `anke-${process.getuid?.()}`), { recursive: true });
  chmodSync(tmp, 0o1777);
  chownSync(join(tmp, `anke-${process.getuid?.()}`), SOMEBODY, SOMEBODY);
  writeFileSync(join(folder, 'file'), '');
  vi.stubEnv('ANKE_CACHE', '');
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'file'));
  vi.stubEnv('TMPDIR', tmp);
  expect(() => cacheFolder('drivers')).toThrow(/anke-0 belongs to another user/);
});

test.runIf(isRoot)('so is a link of another user on the way to it', () => {
  const tmp = join(folder, 'tmp');
  mkdirSync(tmp);
  chmodSync(tmp, 0o1777);
  symlinkSync(dirname(tmp), join(tmp, 'link'));
  lchownSync(join(tmp, 'link'), SOMEBODY, SOMEBODY);
  expect(() => cacheIn(join(tmp, 'link', 'cache'))).toThrow(/link belongs to another user/);
});
