/** If these failed, two processes could train in one folder, or a killed one would keep it for ever. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inRunFolder, makeRunFolder } from './run-folder.js';

let work = '';
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'anke folder '));
});
afterEach(() => rmSync(work, { recursive: true }));

const files = { config: { command: 'train' }, recipe: {} };

test('while one process trains in a folder, another one is told which', async () => {
  const out = join(work, 'run');
  await inRunFolder({ out }, 'name', files, async (folder, store) => {
    await store.write('model.safetensors', Uint8Array.of(1));
    const second = inRunFolder({ resume: folder }, 'name', files, async () => undefined);
    await expect(second).rejects.toThrow(`${folder} is in use by process ${process.pid}`);
  });
  expect(readdirSync(out).sort()).toEqual(['SHA256SUMS', 'config.json', 'model.safetensors', 'recipe.json']);
  writeFileSync(join(out, '.4000000.part'), 'cut off');
  await inRunFolder({ resume: out }, 'name', files, async () => undefined);
  expect(readdirSync(out)).not.toContain('.4000000.part');
});

test('of two that want to make the same folder, one gets it', async () => {
  const out = join(work, 'run');
  const both = await Promise.allSettled([makeRunFolder(out, 'name'), makeRunFolder(out, 'name')]);
  const made = both.filter(({ status }) => status === 'fulfilled');
  expect(made).toHaveLength(1);
  for (const one of both) if (one.status === 'fulfilled') one.value.release();
  // Nothing has come into it.
  expect(existsSync(out)).toBe(false);
});

test('a run that fails before its first epoch leaves nothing', async () => {
  const out = join(work, 'run');
  const failing = inRunFolder({ out }, 'name', files, async () => {
    throw new Error('no device');
  });
  await expect(failing).rejects.toThrow('no device');
  expect(readdirSync(work)).toEqual([]);
});
