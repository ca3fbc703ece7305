/**
 * Zip archives, from a file that was dropped: the list of entries is checked as a whole, then each entry is unpacked
 * piece by piece, by the browser's own inflater. The format: PKWARE's APPNOTE, sections 4.3.7, 4.3.12 and 4.3.16.
 */
import { DataError, type SourceFile } from '@anke/data';
import crc32 from 'crc-32';
import { checkUnpacked } from './limits.js';
import { piecesOf } from './pieces.js';

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const END_BYTES = 22;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;
const LONGEST_COMMENT = 2 ** 16;
const MOST_LISTED = 2 ** 26;
const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED = 1;

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly checksum: number;
  readonly packed: number;
  readonly unpacked: number;
  readonly at: number;
}

/**
 * The files of a zip archive, in its order.
 *
 * @throws DataError if it is no zip archive, is cut off, encrypted, or unpacks to too much, or a checksum is wrong
 */
export async function* zipFiles(archive: string, content: Blob): AsyncGenerator<SourceFile> {
  const entries = await entriesOf(archive, content);
  const total = entries.reduce((sum, { unpacked }) => sum + unpacked, 0);
  checkUnpacked(archive, total, content.size);
  for (const entry of entries) yield fileOf(archive, content, entry);
}

const viewOf = async (content: Blob, from: number, length: number): Promise<DataView> =>
  new DataView(await content.slice(from, from + length).arrayBuffer());

async function entriesOf(archive: string, content: Blob): Promise<Entry[]> {
  const fail = (why: string): DataError => new DataError(`${archive}: ${why}`);
  const tail = await viewOf(content, Math.max(0, content.size - END_BYTES - LONGEST_COMMENT), content.size);
  let end = tail.byteLength - END_BYTES;
  while (end >= 0 && tail.getUint32(end, true) !== END) end--;
  if (end < 0) throw fail('this is no zip archive, or its end is missing');
  const count = tail.getUint16(end + 10, true);
  const [length, from] = [tail.getUint32(end + 12, true), tail.getUint32(end + 16, true)];
  if (count === 0xffff || length === 0xffffffff || from === 0xffffffff)
    throw fail('it is a zip archive of more than 4 GB, which a page should not hold');
  if (length > MOST_LISTED || from + length > content.size) throw fail('the list of its entries is damaged');
  const list = await viewOf(content, from, length);
  const entries: Entry[] = [];
  for (let at = 0; entries.length < count; ) {
    if (at + ENTRY_BYTES > length || list.getUint32(at, true) !== ENTRY)
      throw fail('the list of its entries is damaged');
    const [nameLength, extra, comment] = [28, 30, 32].map((offset) => list.getUint16(at + offset, true)) as [
      number,
      number,
      number,
    ];
    const next = at + ENTRY_BYTES + nameLength + extra + comment;
    if (next > length) throw fail('the list of its entries is damaged');
    const name = new TextDecoder().decode(new Uint8Array(list.buffer, at + ENTRY_BYTES, nameLength));
    if (list.getUint16(at + 8, true) & ENCRYPTED) throw fail(`the entry "${name}" is encrypted`);
    entries.push({
      name,
      method: list.getUint16(at + 10, true),
      checksum: list.getUint32(at + 16, true),
      packed: list.getUint32(at + 20, true),
      unpacked: list.getUint32(at + 24, true),
      at: list.getUint32(at + 42, true),
    });
    at = next;
  }
  return entries.filter(({ name }) => !name.endsWith('/'));
}

function fileOf(archive: string, content: Blob, entry: Entry): SourceFile {
  const { name, method, checksum, packed, unpacked, at } = entry;
  const fail = (why: string): DataError => new DataError(`${archive}, entry "${name}": ${why}`);
  return {
    name,
    bytes: unpacked,
    async *pieces() {
      if (method !== STORED && method !== DEFLATED)
        throw fail(`it is packed by method ${method}, only 0 and 8 are known`);
      const header = await viewOf(content, at, LOCAL_BYTES);
      if (header.byteLength < LOCAL_BYTES) throw fail('its end is missing');
      const start = at + LOCAL_BYTES + header.getUint16(26, true) + header.getUint16(28, true);
      const raw = content.slice(start, start + packed);
      let length = 0;
      let sum = 0;
      try {
        for await (const piece of piecesOf(raw, method === DEFLATED ? 'deflate-raw' : undefined)) {
          length += piece.length;
          if (length > unpacked) throw fail(`it has more than the ${unpacked} bytes that the archive tells`);
          sum = crc32.buf(piece, sum);
          yield piece;
        }
      } catch (error) {
        throw error instanceof DataError ? error : fail(`it is damaged (${(error as Error).message})`);
      }
      if (length !== unpacked) throw fail(`it has ${length} bytes, but the archive tells ${unpacked}`);
      if (sum >>> 0 !== checksum) throw fail('its checksum is wrong: the archive is damaged');
    },
  };
}
