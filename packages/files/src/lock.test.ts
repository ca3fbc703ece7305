/** If these failed, two processes could write into one folder, or a killed one would keep all others out for ever. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LockedError, takeLock } from './lock.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'anke lock '));
});
afterEach(() => rmSync(folder, { recursive: true }));

const lock = (): string => join(folder, '.lock');
const leave = (pid: number, more: object = {}): void =>
  writeFileSync(join(folder, `.lock-${pid}-aaaa`), JSON.stringify({ pid, host: hostname(), ...more }));

test('a lock is held until it is given back', async () => {
  const release = await takeLock(lock(), 'the run');
  await expect(takeLock(lock(), 'the run', 0)).rejects.toThrow(`the run is in use by process ${process.pid}`);
  release();
  expect(readdirSync(folder)).toEqual([]);
  (await takeLock(lock(), 'the run', 0))();
});

test('whoever may wait gets it when it is given back', async () => {
  const release = await takeLock(lock(), 'the run');
  const next = takeLock(lock(), 'the run', 10_000);
  setTimeout(release, 30);
  (await next)();
});

test('of many that want it at once, one has it at a time', async () => {
  let inside = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      const release = await takeLock(lock(), 'the run', 60_000);
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 5));
      inside--;
      release();
    }),
  );
  expect(most).toBe(1);
});

test('what a killed process has left is taken over', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)']);
  leave(child.pid as number);
  await expect(takeLock(lock(), 'the run', 0)).rejects.toThrow(`the run is in use by process ${child.pid}`);
  child.kill('SIGKILL');
  await once(child, 'exit');
  (await takeLock(lock(), 'the run', 0))();
  expect(readdirSync(folder)).toEqual([]);
});

test.runIf(process.platform === 'linux')('so is what a process has left whose number another one has now', async () => {
  leave(process.pid, { started: '1' });
  (await takeLock(lock(), 'the run', 0))();
});

test('a process on another computer is named, with the file to delete if it has ended', async () => {
  leave(7, { host: 'elsewhere' });
  await expect(takeLock(lock(), 'the run', 0)).rejects.toThrow(LockedError);
  await expect(takeLock(lock(), 'the run', 0)).rejects.toThrow(
    `the run is in use by process 7 on elsewhere (if it has ended, delete ${join(folder, '.lock-7-aaaa')})`,
  );
});

test('a file that a process was just writing when it was killed does not hold the lock', async () => {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  writeFileSync(join(folder, `.lock-${child.pid}-aaaa`), '');
  (await takeLock(lock(), 'the run', 0))();
});
