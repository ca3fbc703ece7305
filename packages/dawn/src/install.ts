/**
 * Installs a driver into a folder, which appears under its name when it is whole: a process that is killed meanwhile,
 * or another one that installs the same, leaves nothing that looks like a driver.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { freeSpace } from './command.js';
import { type Driver, readDriver } from './driver.js';

/** How one kind of driver is fetched. */
export interface Installer {
  /** What it is called before its version is known. */
  readonly title: string;
  /** Bytes that it takes while it is unpacked, at most. */
  readonly space: number;
  /** Fetches it, unpacks it into `root` below the folder, and describes it there. */
  readonly fetch: (folder: string, say: (line: string) => void) => Promise<void>;
}

/** @throws if it cannot be fetched, or the disk has no room for it; nothing of it remains then */
export async function install(folder: string, installer: Installer, say: (line: string) => void): Promise<Driver> {
  deleteLeftovers(folder);
  const { title, space, fetch } = installer;
  const free = freeSpace(dirname(folder));
  if (free < space)
    throw new Error(
      `${title} needs ${megabytes(space)} while it is installed, and ${dirname(folder)} has room for ` +
        `${megabytes(free)}`,
    );
  const draft = draftOf(folder, process.pid);
  try {
    mkdirSync(draft, { mode: 0o700 });
    await fetch(draft, say);
    return putInPlace(draft, folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
const draftOf = (folder: string, process: number | string): string =>
  join(dirname(folder), `.${basename(folder)}-${process}`);

/** Deletes what processes have left that were killed. */
function deleteLeftovers(folder: string): void {
  const prefix = basename(draftOf(folder, ''));
  for (const name of readdirSync(dirname(folder)).filter((entry) => entry.startsWith(prefix))) {
    if (!isAlive(Number.parseInt(name.slice(prefix.length), 10)))
      rmSync(join(dirname(folder), name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false; // an earlier process had the same number
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Gives a whole driver its name, unless another process was faster. */
function putInPlace(draft: string, folder: string): Driver {
  const inDraft = readDriver(draft);
  if (!inDraft) throw new Error('nothing has been unpacked');
  try {
    const other = readDriver(folder);
    if (other) return other;
  } catch {
    // It is damaged, which is why this one was fetched.
    const old = `${draft}-old`;
    renameSync(folder, old);
    rmSync(old, { recursive: true, force: true });
  }
  try {
    renameSync(draft, folder);
  } catch (error) {
    // Another process has put its own there just now.
    if (!existsSync(folder)) throw error;
  }
  return readDriver(folder) as Driver;
}
