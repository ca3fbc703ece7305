/**
 * What the files of a driver must be: their sizes and hashes, written when they are installed and checked before they
 * are loaded. A truncated library would end this process by SIGBUS, and a damaged one compute anything.
 *
 * Hashing all of a driver takes up to half a second. So it is done at the first start after the computer's, and then
 * noted, together with each file's number, size and times; later starts find these unchanged and hash nothing. Who can
 * write as this user can change the notes too: from him, nothing here protects.
 */
import { createHash } from 'node:crypto';
import { closeSync, lstatSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Paths of files below a driver's folder, each with what it must be. */
export type Manifest = Readonly<Record<string, { readonly size: number; readonly sha256: string }>>;

/** The notes on what has been hashed. */
const CHECKED = 'checked.json';
const PIECE = 2 ** 20;

/** Describes files as they are now. */
export const describeFiles = (folder: string, paths: readonly string[]): Manifest =>
  Object.fromEntries(
    paths.map((path) => [path, { size: lstatSync(join(folder, path)).size, sha256: sha256Of(join(folder, path)) }]),
  );

/** @throws if a file is not what the manifest says, or belongs to another user; says which, and what was found */
export function checkFiles(folder: string, manifest: Manifest): void {
  const found: Record<string, string> = {};
  for (const [path, { size, sha256 }] of Object.entries(manifest)) {
    const file = join(folder, path);
    const facts = lstatSync(file, { bigint: true, throwIfNoEntry: false });
    if (!facts?.isFile()) throw new Error(`${file} is missing, or no file`);
    if (process.getuid && Number(facts.uid) !== process.getuid()) throw new Error(`${file} belongs to another user`);
    if (Number(facts.size) !== size) throw new Error(`${file} has ${facts.size} bytes, and ${size} were installed`);
    found[path] = `${sha256} ${facts.dev} ${facts.ino} ${facts.size} ${facts.mtimeNs} ${facts.ctimeNs}`;
  }
  const notes = JSON.stringify({ start: startOfComputer(), found });
  if (readText(join(folder, CHECKED)) === notes) return;
  for (const [path, { sha256 }] of Object.entries(manifest)) {
    if (sha256Of(join(folder, path)) !== sha256)
      throw new Error(`${join(folder, path)} is not what was installed: its SHA-256 has changed`);
  }
  writeFileSync(join(folder, CHECKED), notes);
}

function sha256Of(file: string): string {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(PIECE);
  const open = openSync(file, 'r');
  try {
    for (let length = readSync(open, piece); length > 0; length = readSync(open, piece))
      hash.update(piece.subarray(0, length));
  } finally {
    closeSync(open);
  }
  return hash.digest('hex');
}

/** Linux numbers each start of the computer; elsewhere none is told apart from another. */
const startOfComputer = (): string => readText('/proc/sys/kernel/random/boot_id').trim();

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
