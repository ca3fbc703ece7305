/** Names in archives: only those that are safe as a path below a folder are accepted. */
import { FilesError } from '../errors.js';

/** What file systems take for one part of a path. */
const LONGEST_PART = 255;

/** A name or an address as a message may show it: short, without control characters, which could harm a terminal. */
export const printable = (name: string): string => name.replace(/\p{C}/gu, '\ufffd').slice(0, 200);

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * The name of an archive's entry, if it is one that may be used as a path below a folder, on every system.
 *
 * @param raw the name's bytes, or its text
 * @throws FilesError if it is not UTF-8, holds control characters, or leads out of the folder
 */
export function entryName(archive: string, raw: Uint8Array | string): string {
  const refuse = (name: string, why: string): FilesError =>
    new FilesError(`${archive}: the entry "${printable(name)}" ${why}; nothing of the archive is used`);
  let name: string;
  try {
    name = typeof raw === 'string' ? raw : decoder.decode(raw);
  } catch {
    throw refuse(new TextDecoder('latin1').decode(raw as Uint8Array), 'has a name that is not UTF-8');
  }
  if (name.includes('\ufffd')) throw refuse(name, 'has a name that is not UTF-8');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(name)) throw refuse(name, 'has control characters in its name');
  const path = name.replaceAll('\\', '/');
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) throw refuse(name, 'has an absolute path');
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw refuse(name, 'leads out of the folder');
  if (parts.some((part) => Buffer.byteLength(part) > LONGEST_PART)) throw refuse(name, 'has a name that is too long');
  return parts.join('/');
}
