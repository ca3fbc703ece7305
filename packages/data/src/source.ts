/**
 * Where data comes from, as the readers see it: files that come piece by piece. A folder on a disk, an archive, a file
 * that was dropped on a web page, or plain memory can each be one.
 */

export interface SourceFile {
  /** The path in the source, with `/` between its parts; a single file's own path. */
  readonly name: string;
  /** Length in bytes, as far as it is known before it is read. */
  readonly bytes: number | undefined;
  /**
   * Its content. A piece's memory may be used again once the next one has been asked for.
   *
   * @throws DataError if it cannot be read
   */
  pieces(): AsyncIterable<Uint8Array>;
}

export interface Source {
  /** A path or a name, for messages. */
  readonly name: string;
  /** In a folder or an archive, names tell what a file is for; what a single file is for, the caller knows. */
  readonly kind: 'file' | 'folder' | 'archive';
  /** Each file in turn; one must be read before the next is asked for, or not at all. */
  files(): AsyncIterable<SourceFile>;
  /**
   * Opens a file beside a single one, by its name: images may have their labels in another file. Undefined if there is
   * none. Sources that cannot look around leave this out.
   */
  beside?(fits: (name: string) => boolean): Promise<Source | undefined>;
}

/** A file whose content lies in memory. */
export const memoryFile = (name: string, content: Uint8Array): SourceFile => ({
  name,
  bytes: content.length,
  async *pieces() {
    yield content;
  },
});

/** A folder that lies in memory: contents by path, read in this order. */
export const memorySource = (name: string, files: Readonly<Record<string, Uint8Array>>): Source => ({
  name,
  kind: 'folder',
  async *files() {
    for (const [path, content] of Object.entries(files)) yield memoryFile(path, content);
  },
});

const FIRST_ROOM = 2 ** 20;
/** The length that an archive claims for a file is trusted up to this; more memory is allocated as bytes arrive. */
const MOST_TRUSTED = 2 ** 24;

/** All of a file in memory. */
export async function readWhole(file: SourceFile): Promise<Uint8Array> {
  let bytes = new Uint8Array(Math.min(file.bytes ?? FIRST_ROOM, MOST_TRUSTED));
  let length = 0;
  for await (const piece of file.pieces()) {
    if (length + piece.length > bytes.length) {
      const larger = new Uint8Array(Math.max(2 * bytes.length, length + piece.length));
      larger.set(bytes.subarray(0, length));
      bytes = larger;
    }
    bytes.set(piece, length);
    length += piece.length;
  }
  return bytes.subarray(0, length);
}
