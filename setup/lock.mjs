/**
 * One set-up at a time in a clone. A set-up that was killed may have left a tool behind that still works in this
 * folder: so the tool's process holds the lock too. It is made as `packages/files/src/lock.ts` makes one, which cannot
 * be used here, as nothing is built yet: each holder leaves a file whose name tells its process, then looks for the
 * files of others; what dead ones have left is deleted.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { cache } from './folders.mjs';
import { say } from './messages.mjs';

const folder = join(cache, 'lock');
/** Milliseconds between two looks. */
const PAUSE = 200;

/** When a process was started, as Linux tells it: another process may have got its number since. */
function startOf(pid) {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return line.slice(line.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return 'unknown';
  }
}

function isAlive(pid, started) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error.code !== 'ESRCH';
  }
  return started === startOf(pid);
}

/** The process of a holder other than this one, if there is any. */
function otherHolder() {
  for (const name of readdirSync(folder)) {
    const [pid, started] = name.split('-');
    if (Number(pid) === process.pid) continue;
    if (isAlive(Number(pid), started)) return pid;
    rmSync(join(folder, name), { force: true });
  }
  return undefined;
}

/** Holds the lock for a process, until the function that is returned is called. */
export function holdFor(pid) {
  const file = join(folder, `${pid}-${startOf(pid)}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, '');
  return () => rmSync(file, { force: true });
}

/** Does `work` once no other set-up is at work in this clone. */
export async function alone(work) {
  for (let told = false; ; told = true) {
    const release = holdFor(process.pid);
    const other = otherHolder();
    try {
      if (other === undefined) return await work();
    } finally {
      release();
    }
    if (!told) say(`Setting up: process ${other} works in this clone; waiting until it is done`);
    await wait(PAUSE * (0.5 + Math.random()));
  }
}
