/** A folder or a zip archive that holds data files. */
import { readdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import yauzl from 'yauzl';
import { DataError } from './errors.js';

export interface DataSource {
  readonly path: string;
  /** Names of the files in it, without folders. */
  readonly names: readonly string[];
  /** @throws DataError if there is no such file, or it cannot be read */
  read(name: string): Promise<Uint8Array>;
}

/** @throws DataError if there is nothing at the path, or neither a folder nor a zip archive */
export async function openSource(path: string): Promise<DataSource> {
  const status = statusOf(path);
  if (status.isDirectory()) return openFolder(path);
  return await openZip(path);
}

/** @throws DataError if there is no file at the path */
export function readFile(path: string): Uint8Array {
  if (statusOf(path).isDirectory()) throw new DataError(`${path}: this is a folder, and a file is expected`);
  try {
    return readFileSync(path);
  } catch (error) {
    throw new DataError(`${path}: ${reasonOf(error)}`);
  }
}

function statusOf(path: string): Stats {
  try {
    return statSync(path);
  } catch (error) {
    throw new DataError(`${path}: ${reasonOf(error)}`);
  }
}

/** What the system says, in words. */
function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const words: Record<string, string> = {
    ENOENT: 'there is no such file or folder',
    EACCES: 'it may not be read by this user',
    ENOTDIR: 'a part of this path is no folder',
  };
  return words[code] ?? (error instanceof Error ? error.message : String(error));
}

function openFolder(path: string): DataSource {
  const names = readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : []));
  return {
    path,
    names,
    async read(name) {
      return readFile(join(path, name));
    },
  };
}

async function openZip(path: string): Promise<DataSource> {
  const archive = await new Promise<yauzl.ZipFile>((resolve, reject) => {
    yauzl.open(path, { autoClose: false }, (error, zip) => {
      if (error) reject(new DataError(`${path}: this is neither a folder nor a zip archive (${error.message})`));
      else resolve(zip);
    });
  });
  const entries = await new Promise<Map<string, yauzl.Entry>>((resolve, reject) => {
    const found = new Map<string, yauzl.Entry>();
    archive.on('entry', (entry: yauzl.Entry) => {
      if (!entry.fileName.endsWith('/')) found.set(basename(entry.fileName), entry);
    });
    archive.on('end', () => resolve(found));
    archive.on('error', (error: Error) => reject(new DataError(`${path}: ${error.message}`)));
  });
  return {
    path,
    names: [...entries.keys()],
    read: (name) =>
      new Promise((resolve, reject) => {
        const fail = (error: Error): void => reject(new DataError(`${path}, entry ${name}: ${error.message}`));
        const entry = entries.get(name);
        if (!entry) return fail(new Error('there is no such entry'));
        archive.openReadStream(entry, (error, stream) => {
          if (error) return fail(error);
          const parts: Buffer[] = [];
          stream.on('data', (part: Buffer) => parts.push(part));
          stream.on('error', fail);
          stream.on('end', () => resolve(Buffer.concat(parts)));
        });
      }),
  };
}
