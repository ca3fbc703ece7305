/**
 * The HDF5 library as WebAssembly, in which no file can spoil what comes after it. A damaged file may leave the
 * library's memory in any state: HDF5 stops halfway, or the module is aborted. So its memory is put back after each
 * file to what it was before the first one; and after an abort, which may also leave its stack in disorder, the next
 * file gets a module of its own.
 */
import type * as H5 from 'h5wasm';

export type Library = (typeof H5)['default'];

/** What is used of the module below the library. */
interface Module {
  readonly HEAPU8: Uint8Array;
  readonly FS: {
    readonly streams: readonly ({ readonly fd: number } | null | undefined)[];
    close(stream: unknown): void;
    writeFile(name: string, bytes: Uint8Array): void;
    unlink(name: string): void;
  };
  activate_throwing_error_handler(): void;
}

interface Loaded {
  readonly library: Library;
  readonly module: Module;
  /** The memory's content, as far as it is not zero. */
  readonly memory: Uint8Array;
}

let loaded: Promise<Loaded> | undefined;
/** Modules that were aborted. */
let aborted = 0;

async function load(): Promise<Loaded> {
  // Under another address, Node loads the same module once more. Where an address cannot be told, it stays the old one.
  const again = aborted > 0 && (import.meta as { resolve?: (name: string) => string }).resolve?.('h5wasm');
  const { default: library } = (await (again
    ? import(/* @vite-ignore */ `${again}?${aborted}`)
    : import('h5wasm'))) as {
    readonly default: Library;
  };
  const module = (await library.ready) as unknown as Module;
  module.activate_throwing_error_handler();
  const used = module.HEAPU8.findLastIndex((byte) => byte !== 0) + 1;
  return { library, module, memory: module.HEAPU8.slice(0, used) };
}

/** The name of the file that is read, in a file system in memory: HDF5's own code opens files by name. */
const NAME = 'file.h5';
const LAST_STANDARD_STREAM = 2;

/**
 * Lets `read` read a file.
 *
 * @throws whatever HDF5 says, where the bytes are no HDF5 file or damaged
 */
export async function withHdf5<T>(bytes: Uint8Array, read: (file: H5.File) => T): Promise<T> {
  loaded ??= load();
  const { library, module, memory } = await loaded;
  const { FS } = module;
  FS.writeFile(NAME, bytes);
  try {
    return read(new library.File(NAME, 'r'));
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) {
      aborted++;
      loaded = undefined;
    }
    throw error;
  } finally {
    for (const stream of FS.streams) if (stream && stream.fd > LAST_STANDARD_STREAM) FS.close(stream);
    FS.unlink(NAME);
    const { HEAPU8: now } = module; // it is another array if the memory has grown
    now.set(memory);
    now.fill(0, memory.length);
  }
}
