/**
 * Zip archives of files in memory, stored as they are: weights are noise to any packer. The format: PKWARE's APPNOTE,
 * sections 4.3.7, 4.3.12 and 4.3.16.
 */
import { crc32 } from './crc-32.js';

const LOCAL = 0x04034b50;
const ENTRY = 0x02014b50;
const END = 0x06054b50;
/** The version of the format that is needed to read this: 2.0, for folders. */
const VERSION = 20;
/** Names are UTF-8. */
const UTF8 = 0x0800;

/** Numbers one after the other, little-endian: [value, bytes]. */
function packed(fields: readonly (readonly [value: number, bytes: 2 | 4])[]): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [, bytes]) => sum + bytes, 0)));
  let at = 0;
  for (const [value, bytes] of fields) {
    if (bytes === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += bytes;
  }
  return new Uint8Array(view.buffer);
}

/** MS-DOS's date and time: years since 1980, and every other second. */
function dosTime(date: Date): readonly [time: number, date: number] {
  const time = (date.getHours() << 11) | (date.getMinutes() << 5) | (date.getSeconds() >> 1);
  return [time, ((date.getFullYear() - 1980) << 9) | ((date.getMonth() + 1) << 5) | date.getDate()];
}

/** @param files by name, with slashes between folders; less than 4 GB in all */
export function zipOf(files: ReadonlyMap<string, Uint8Array>, changed: Date): Blob {
  const [time, date] = dosTime(changed);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const list: Uint8Array<ArrayBuffer>[] = [];
  let at = 0;
  const put = (part: Uint8Array): void => {
    parts.push(part as Uint8Array<ArrayBuffer>);
    at += part.length;
  };
  for (const [path, bytes] of files) {
    const name = new TextEncoder().encode(path);
    const start = at;
    const facts = [
      [VERSION, 2],
      [UTF8, 2],
      [0, 2], // stored
      [time, 2],
      [date, 2],
      [crc32(bytes), 4],
      [bytes.length, 4],
      [bytes.length, 4],
      [name.length, 2],
      [0, 2], // no further fields
    ] as const;
    put(packed([[LOCAL, 4], ...facts]));
    put(name);
    put(bytes);
    const place = [
      [0, 2],
      [0, 2],
      [0, 2],
      [0, 4],
      [start, 4],
    ] as const;
    list.push(packed([[ENTRY, 4], [VERSION, 2], ...facts, ...place]), name);
  }
  const from = at;
  for (const part of list) put(part);
  const count = files.size;
  put(
    packed([
      [END, 4],
      [0, 2],
      [0, 2],
      [count, 2],
      [count, 2],
      [at - from, 4],
      [from, 4],
      [0, 2],
    ]),
  );
  return new Blob(parts);
}
