/** If these failed, runs side by side would forget one another's choices, or a damaged cache would choose kernels. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TuningCache } from './tuning-cache.js';

let folder = '';
const said: string[] = [];
const open = (device = 'a device'): TuningCache => new TuningCache(device, (line) => said.push(line));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'anke cache '));
  vi.stubEnv('ANKE_CACHE', folder);
  said.length = 0;
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const files = (): string[] => readdirSync(join(folder, 'tuning')).sort();

test('what two runs find out side by side is kept of both, and what was known first stays', async () => {
  const [first, second] = [open(), open()];
  expect(await first.read()).toEqual({});
  await Promise.all([first.add({ a: 'fast', both: 'one' }), second.add({ b: 'plain' })]);
  await second.add({ both: 'other' });
  expect(await open().read()).toEqual({ a: 'fast', b: 'plain', both: 'one' });
  expect(await open('another').read()).toEqual({});
  expect(files().some((name) => name.includes('lock'))).toBe(false);
});

test.each(['a_device', 'SHA256SUMS'])('a damaged %s is set aside in words', async (name) => {
  await open().add({ a: 'fast' });
  const file = files().find((one) => one.startsWith(name)) as string;
  const path = join(folder, 'tuning', file);
  writeFileSync(path, readFileSync(path, 'utf8').replace(/[f0-9]/, '!'));
  await open().read();
  expect(said.join()).toContain(`it is kept as ${file}.damaged, and kernels are chosen anew`);
  expect(files()).toContain(`${file}.damaged`);
  await open().add({ b: 'plain' });
  expect(await open().read()).toMatchObject({ b: 'plain' });
  expect(said).toHaveLength(1);
});
