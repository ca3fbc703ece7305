/**
 * Where a run keeps its files: a folder, a browser's private file system, or memory. A run needs these two functions
 * only, so that a training does not know where its files are.
 */

export interface Store {
  /**
   * The bytes of a file; undefined if there is none. Names have slashes between folders: `checkpoint/odd.safetensors`.
   */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Writes a file as a whole: a reader finds the old file, or none, until the new one is complete. */
  write(name: string, bytes: Uint8Array): Promise<void>;
}

/** A store in memory, for tests and for runs that are not kept. */
export interface MemoryStore extends Store {
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export function memoryStore(): MemoryStore {
  const files = new Map<string, Uint8Array>();
  return {
    files,
    read: async (name) => files.get(name)?.slice(),
    write: async (name, bytes) => void files.set(name, bytes.slice()),
  };
}

/** Writes text as UTF-8. */
export const writeText = (store: Store, name: string, text: string): Promise<void> =>
  store.write(name, new TextEncoder().encode(text));

/** Reads UTF-8; undefined if there is no such file. */
export async function readText(store: Store, name: string): Promise<string | undefined> {
  const bytes = await store.read(name);
  return bytes && new TextDecoder().decode(bytes);
}
