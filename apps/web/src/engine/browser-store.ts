/**
 * The browser's private file system as the store of a run, by the names that a run's folder has. What is written is
 * kept until the browser's data of this page is deleted, and no other page can read it.
 */
import type { Store } from '@anke/training';

const RUNS = 'runs';
const LAST = 'last.txt';

async function runsFolder(): Promise<FileSystemDirectoryHandle> {
  return await (await navigator.storage.getDirectory()).getDirectoryHandle(RUNS, { create: true });
}

const isMissing = (error: unknown): boolean => error instanceof DOMException && error.name === 'NotFoundError';

async function readIn(folder: FileSystemDirectoryHandle, path: string): Promise<Uint8Array | undefined> {
  try {
    const [file = '', ...folders] = path.split('/').reverse();
    let within = folder;
    for (const name of folders.reverse()) within = await within.getDirectoryHandle(name);
    const content = await (await within.getFileHandle(file)).getFile();
    return new Uint8Array(await content.arrayBuffer());
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function writeIn(folder: FileSystemDirectoryHandle, path: string, bytes: Uint8Array): Promise<void> {
  const [file = '', ...folders] = path.split('/').reverse();
  let within = folder;
  for (const name of folders.reverse()) within = await within.getDirectoryHandle(name, { create: true });
  const handle = await within.getFileHandle(file, { create: true });
  // The file is replaced as a whole, when the stream is closed.
  const stream = await handle.createWritable();
  await stream.write(bytes as Uint8Array<ArrayBuffer>);
  await stream.close();
}

/** The store of a run by its name; files of an earlier run of that name are there. */
export async function browserStore(name: string): Promise<Store> {
  const folder = await (await runsFolder()).getDirectoryHandle(name, { create: true });
  return { read: (path) => readIn(folder, path), write: (path, bytes) => writeIn(folder, path, bytes) };
}

/** Deletes a run. */
export async function forgetRun(name: string): Promise<void> {
  try {
    await (await runsFolder()).removeEntry(name, { recursive: true });
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** The names of all runs. */
export async function runNames(): Promise<string[]> {
  const names: string[] = [];
  for await (const [name, { kind }] of (await runsFolder()).entries()) if (kind === 'directory') names.push(name);
  return names;
}

/** The files of a run by the names that its store has for them. */
export async function runFiles(name: string): Promise<Map<string, File>> {
  const files = new Map<string, File>();
  const walk = async (folder: FileSystemDirectoryHandle, path: string): Promise<void> => {
    for await (const [own, handle] of folder.entries())
      if (handle.kind === 'directory') await walk(handle as FileSystemDirectoryHandle, `${path}${own}/`);
      else files.set(`${path}${own}`, await (handle as FileSystemFileHandle).getFile());
  };
  await walk(await (await runsFolder()).getDirectoryHandle(name), '');
  return files;
}

/** The name of the run that trained last. */
export async function lastRun(): Promise<string | undefined> {
  const bytes = await readIn(await runsFolder(), LAST);
  return bytes && new TextDecoder().decode(bytes);
}

export const rememberRun = async (name: string): Promise<void> =>
  writeIn(await runsFolder(), LAST, new TextEncoder().encode(name));

/** Whether this browser has such a file system here; private windows of some have none. */
export async function canKeep(): Promise<boolean> {
  try {
    await runsFolder();
    return typeof FileSystemFileHandle !== 'undefined' && 'createWritable' in FileSystemFileHandle.prototype;
  } catch {
    return false;
  }
}
