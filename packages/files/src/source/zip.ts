/** Zip archives: their list of entries is checked as a whole, then each entry is unpacked piece by piece. */
import { createReadStream } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { crc32, createInflateRaw, type ZlibOptions } from 'node:zlib';
import type { SourceFile } from '@anke/data';
import yauzl from 'yauzl';
import { FilesError } from '../errors.js';
import { type ArchiveLimits, Budget } from './limits.js';
import { entryName } from './names.js';

const PIECE = 2 ** 18;
const STORED = 0;
const DEFLATED = 8;
/** Bits of the attributes that Unix writes for each entry. */
const FILE_TYPE = 0o170000;
const SYMBOLIC_LINK = 0o120000;

/**
 * The files of a zip archive, in its order. All names and sizes are checked before the first is given out.
 *
 * @param content where it lies, or its bytes
 * @throws FilesError if it is no zip archive, is cut off, encrypted or dangerous, or a checksum is wrong
 */
export async function* zipFiles(
  archive: string,
  content: string | Buffer,
  limits: ArchiveLimits,
): AsyncGenerator<SourceFile> {
  const zip = await opened(archive, content);
  try {
    for (const file of await listed(archive, content, zip, limits)) yield file;
  } finally {
    zip.close();
  }
}

function opened(archive: string, content: string | Buffer): Promise<yauzl.ZipFile> {
  return new Promise((resolve, reject) => {
    const options = { autoClose: false, lazyEntries: true, decodeStrings: false };
    const done = (error: Error | null, zip: yauzl.ZipFile): void => {
      if (error) reject(new FilesError(`${archive}: this is no zip archive, or its end is missing (${error.message})`));
      else resolve(zip);
    };
    if (typeof content === 'string') yauzl.open(content, options, done);
    else yauzl.fromBuffer(content, options, done);
  });
}

async function listed(
  archive: string,
  content: string | Buffer,
  zip: yauzl.ZipFile,
  limits: ArchiveLimits,
): Promise<SourceFile[]> {
  const budget = new Budget(archive, zip.fileSize, limits);
  const files = new Map<string, SourceFile>();
  await new Promise<void>((resolve, reject) => {
    zip.on('error', (error: Error) =>
      reject(new FilesError(`${archive}: the list of its entries is damaged (${error.message})`)),
    );
    zip.on('end', () => resolve());
    zip.on('entry', (entry: yauzl.Entry) => {
      try {
        const file = fileOf(archive, content, zip, entry);
        budget.spend(entry.uncompressedSize);
        if (file) {
          if (files.has(file.name)) throw new FilesError(`${archive}: the entry "${file.name}" is there twice`);
          files.set(file.name, file);
        }
        zip.readEntry();
      } catch (error) {
        reject(error);
      }
    });
    zip.readEntry();
  });
  return [...files.values()];
}

/** An entry as a file; undefined if it is a folder. */
function fileOf(
  archive: string,
  content: string | Buffer,
  zip: yauzl.ZipFile,
  entry: yauzl.Entry,
): SourceFile | undefined {
  // With decodeStrings: false, names are bytes, whatever the types say.
  const raw = entry.fileName as unknown as Buffer;
  const name = entryName(archive, raw);
  const refuse = (why: string): FilesError =>
    new FilesError(`${archive}: the entry "${name}" ${why}; nothing of the archive is used`);
  if (((entry.externalFileAttributes >>> 16) & FILE_TYPE) === SYMBOLIC_LINK) throw refuse('is a link');
  if (raw.at(-1) === 0x2f) return undefined;
  if (entry.isEncrypted()) throw refuse('is encrypted');
  const { compressionMethod, uncompressedSize, crc32: expected } = entry;
  if (compressionMethod !== STORED && compressionMethod !== DEFLATED)
    throw refuse(`is packed by method ${compressionMethod}, and only 0 and 8 (deflate) are known`);
  return {
    name,
    bytes: uncompressedSize,
    async *pieces() {
      const fail = (why: string): FilesError => new FilesError(`${archive}, entry "${name}": ${why}`);
      let length = 0;
      let checksum = 0;
      let stream: Readable | undefined;
      try {
        stream = await unpacked(content, zip, entry);
        for await (const piece of stream as AsyncIterable<Buffer>) {
          length += piece.length;
          if (length > uncompressedSize)
            throw fail(`it has more than the ${uncompressedSize} bytes that the archive tells`);
          checksum = crc32(piece, checksum);
          yield piece;
        }
      } catch (error) {
        throw error instanceof FilesError ? error : fail(`it is damaged (${(error as Error).message})`);
      } finally {
        stream?.destroy();
      }
      if (length !== uncompressedSize) throw fail(`it has ${length} bytes, but the archive tells ${uncompressedSize}`);
      if (checksum !== expected) throw fail('its checksum is wrong: the archive is damaged');
    },
  };
}

/** The yauzl that is installed reads headers alone too; its types do not know. */
type HeaderReader = {
  readLocalFileHeader(
    entry: yauzl.Entry,
    options: { minimal: true },
    done: (error: Error | null, header: { fileDataStart: number }) => void,
  ): void;
};

/** An entry's content. It is read and unpacked in larger pieces than by yauzl, which takes half the time. */
async function unpacked(content: string | Buffer, zip: yauzl.ZipFile, entry: yauzl.Entry): Promise<Readable> {
  const start = await new Promise<number>((resolve, reject) => {
    (zip as unknown as HeaderReader).readLocalFileHeader(entry, { minimal: true }, (error, header) => {
      if (error) reject(error);
      else resolve(header.fileDataStart);
    });
  });
  const end = start + entry.compressedSize;
  const raw =
    typeof content === 'string' && end > start
      ? createReadStream(content, { start, end: end - 1, highWaterMark: PIECE })
      : Readable.from(typeof content === 'string' || end === start ? [] : [content.subarray(start, end)]);
  if (entry.compressionMethod === STORED) return raw;
  // Room for a few pieces, so that one is unpacked while the one before is used.
  const inflate = createInflateRaw({ chunkSize: PIECE, highWaterMark: 4 * PIECE } as ZlibOptions);
  pipeline(raw, inflate, () => undefined); // errors appear where the stream is read
  return inflate;
}
