/** If these failed, a truncated or changed library would be loaded, or a killed installation taken for a driver. */
import { spawnSync } from 'node:child_process';
import {
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describeDriver, readDriver } from './driver.js';
import { type Installer, install } from './install.js';

let parent = '';
let folder = '';
beforeEach(() => {
  parent = realpathSync(mkdtempSync(join(tmpdir(), 'anke driver ')));
  folder = join(parent, 'mesa');
});
afterEach(() => rmSync(parent, { recursive: true }));

/** Files where an unpacked package would have them; nothing loads them here. */
async function unpack(draft: string): Promise<void> {
  const libraries = join(draft, 'root/usr/lib');
  mkdirSync(libraries, { recursive: true });
  writeFileSync(join(libraries, 'libvulkan_lvp.so'), 'the driver');
  writeFileSync(join(libraries, 'libdrm.so.2.4'), 'what it needs');
  symlinkSync('libdrm.so.2.4', join(libraries, 'libdrm.so.2'));
  describeDriver(draft, 'Mesa', 'libvulkan_lvp.so', '1.3.0');
}
const installer: Installer = { title: 'Mesa', space: 0, fetch: unpack };
const silent = (): void => undefined;
const library = (): string => join(folder, 'root/usr/lib/libvulkan_lvp.so');

describe('an installed driver', () => {
  test('is found again, with the files that links lead to', async () => {
    expect(readDriver(folder)).toBeUndefined();
    const driver = await install(folder, installer, silent);
    expect(driver).toEqual({
      name: 'Mesa',
      icd: join(folder, 'icd.json'),
      libraries: [join(folder, 'root/usr/lib/libdrm.so.2.4')],
    });
    expect(readDriver(folder)).toEqual(driver);
    const { ICD } = JSON.parse(readFileSync(driver.icd, 'utf8'));
    expect(realpathSync(join(folder, ICD.library_path))).toBe(library());
    expect(readdirSync(parent)).toEqual(['mesa']);
  });

  test.each([
    ['truncated', () => truncateSync(library(), 4), 'has 4 bytes, and 10 were installed'],
    ['gone', () => rmSync(library()), 'is missing, or no file'],
    [
      'changed, with the same length and time',
      () => {
        const { atime, mtime } = statSync(library());
        writeFileSync(library(), 'the Driver');
        utimesSync(library(), atime, mtime);
      },
      'is not what was installed: its SHA-256 has changed',
    ],
    [
      'replaced by a link',
      () => {
        writeFileSync(join(parent, 'evil.so'), 'the driver');
        rmSync(library());
        symlinkSync(join(parent, 'evil.so'), library());
      },
      'is missing, or no file',
    ],
  ])('that is %s is named, and fetched anew', async (_, damage, message) => {
    const whole = await install(folder, installer, silent);
    damage();
    expect(() => readDriver(folder)).toThrow(`the driver in ${folder} is damaged: ${library()} ${message}`);
    await install(folder, installer, silent);
    expect(readFileSync(library(), 'utf8')).toBe('the driver');
    expect(readDriver(folder)).toEqual(whole);
  });

  test.runIf(process.getuid?.() === 0)('with a file of another user is not used', async () => {
    await install(folder, installer, silent);
    chownSync(library(), 54_321, 54_321);
    expect(() => readDriver(folder)).toThrow('libvulkan_lvp.so belongs to another user');
  });
});

describe('an installation', () => {
  test('that fails leaves nothing', async () => {
    const fetch = async (draft: string): Promise<void> => {
      await unpack(draft);
      throw new Error('no network');
    };
    await expect(install(folder, { ...installer, fetch }, silent)).rejects.toThrow('no network');
    expect(readdirSync(parent)).toEqual([]);
  });

  test('that was killed is cleared away by the next one', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    await unpack(join(parent, `.mesa-${pid}`));
    expect(readDriver(folder)).toBeUndefined();
    await install(folder, installer, silent);
    expect(readdirSync(parent)).toEqual(['mesa']);
  });

  test('that another one has overtaken takes what that has put there', async () => {
    const fetch = async (draft: string): Promise<void> => {
      await unpack(draft);
      await unpack(folder);
    };
    const driver = await install(folder, { ...installer, fetch }, silent);
    expect(driver).toEqual(readDriver(folder));
    expect(readdirSync(parent)).toEqual(['mesa']);
  });

  test('on a disk without room is not begun', async () => {
    const fetch = (): never => {
      throw new Error('begun');
    };
    await expect(install(folder, { title: 'Mesa', space: 1e18, fetch }, silent)).rejects.toThrow(
      /^Mesa needs 1000000000000 MB while it is installed, and .* has room for \d+ MB$/,
    );
  });
});
