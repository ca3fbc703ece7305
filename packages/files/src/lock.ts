/**
 * Locks between processes. Whoever wants one leaves a hidden file that names its process, and then looks for the files
 * of others: of two processes that do so at once, at least one sees the other. A file is deleted by its holder, or by
 * anybody once its process has ended: so there is no moment at which two could take over the same lock.
 *
 * A process on another computer cannot be looked at: it holds its lock until its file is deleted.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { FilesError } from './errors.js';

/** Something is in use by another process; the message names it. */
export class LockedError extends FilesError {
  override readonly name = 'LockedError';
}

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process was started, in the system's own count: another process may have got its number since. */
  readonly started: string | undefined;
}

/**
 * Takes a lock, or says who holds it.
 *
 * @param lock a path that the lock's files begin with, in a folder that exists, such as `runs/first/.lock`
 * @param what is locked, for the message
 * @param milliseconds how long to wait for it
 * @returns gives the lock back
 * @throws LockedError if another process has held it all the time
 */
export async function takeLock(lock: string, what: string, milliseconds = 500): Promise<() => void> {
  const own = `${lock}-${process.pid}-${randomUUID().slice(0, 8)}`;
  const until = performance.now() + milliseconds;
  const self: Holder = { pid: process.pid, host: hostname(), started: startOf(process.pid) };
  const release = (): void => {
    process.off('exit', release);
    rmSync(own, { force: true });
  };
  for (;;) {
    writeFileSync(own, JSON.stringify(self));
    const other = otherHolder(lock, own);
    if (!other) {
      process.on('exit', release); // also where the program ends in the middle
      return release;
    }
    release();
    if (performance.now() >= until) throw new LockedError(`${what} is in use by ${nameOf(other)}`);
    // Two that have seen each other try again at different moments.
    await wait(10 + 40 * Math.random());
  }
}

/** Whether a process holds a lock. Looks, and changes nothing. */
export function isHeld(lock: string): boolean {
  return readdirSync(dirname(lock)).some((name) => {
    if (!isLockFile(lock, name)) return false;
    const holder = readHolder(join(dirname(lock), name));
    return !holder || !isDead(holder);
  });
}

/** Whether a file's name is that of a lock's file, so that a folder which holds only such ones counts as empty. */
export const isLockFile = (lock: string, name: string): boolean => name.startsWith(`${basename(lock)}-`);

function nameOf({ file, holder }: { readonly file: string; readonly holder: Holder | undefined }): string {
  if (!holder) return `another process (${file} says so; delete it if there is none)`;
  if (holder.host === hostname()) return `process ${holder.pid}`;
  return `process ${holder.pid} on ${holder.host} (if it has ended, delete ${file})`;
}

/** A process that holds the lock besides the one whose file is `own`; what dead ones have left is deleted. */
function otherHolder(
  lock: string,
  own: string,
): { readonly file: string; readonly holder: Holder | undefined } | undefined {
  for (const name of readdirSync(dirname(lock))) {
    const file = join(dirname(lock), name);
    if (!isLockFile(lock, name) || name === basename(own)) continue;
    const holder = readHolder(file);
    if (holder && isDead(holder)) rmSync(file, { force: true });
    else if (existsSync(file)) return { file, holder };
  }
  return undefined;
}

/** Undefined while the file is being written, if its process was killed just then, or if it has gone meanwhile. */
function readHolder(file: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Holder;
  } catch {
    // Its name tells the process, though not the computer.
    const pid = Number(/-(\d+)-\w+$/.exec(file)?.[1]);
    return pid > 0 ? { pid, host: hostname(), started: undefined } : undefined;
  }
}

function isDead({ pid, host, started }: Holder): boolean {
  if (host !== hostname()) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
  return started !== undefined && started !== startOf(pid);
}

/** Linux tells when a process was started: field 22 of its line, counted behind its name, which is in brackets. */
function startOf(pid: number): string | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return line.slice(line.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
