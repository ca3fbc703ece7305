/**
 * What a disk may hold after a power failure. A log of what was done to a disk is cut at any point; before the cut, a
 * file's content is certain to be there only if the file was synced, and a name only if its folder was. What was not
 * may have come or not, each by itself, and content may be cut off or be zeros. This is how SQLite is tested, too.
 */
import { dirname } from 'node:path';
import { DISK } from '@anke/files';
import { vi } from 'vitest';

export type Operation =
  | { readonly type: 'write'; readonly path: string; readonly content: Uint8Array }
  | { readonly type: 'sync'; readonly path: string }
  | { readonly type: 'rename'; readonly from: string; readonly to: string }
  | { readonly type: 'remove'; readonly path: string }
  | { readonly type: 'makeFolder'; readonly path: string };

/** Files by path. */
export type DiskState = ReadonlyMap<string, Uint8Array>;

/** Records what is done to the disk, which is done all the same, until all mocks are restored. */
export function recordDisk(): readonly Operation[] {
  const log: Operation[] = [];
  const { write, sync, rename, remove, makeFolder } = { ...DISK };
  vi.spyOn(DISK, 'write').mockImplementation((path, content) => {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content.slice();
    log.push({ type: 'write', path, content: bytes });
    write(path, content);
  });
  vi.spyOn(DISK, 'sync').mockImplementation((path) => {
    log.push({ type: 'sync', path });
    sync(path);
  });
  vi.spyOn(DISK, 'rename').mockImplementation((from, to) => {
    log.push({ type: 'rename', from, to });
    rename(from, to);
  });
  vi.spyOn(DISK, 'remove').mockImplementation((path) => {
    log.push({ type: 'remove', path });
    remove(path);
  });
  vi.spyOn(DISK, 'makeFolder').mockImplementation((path) => {
    log.push({ type: 'makeFolder', path });
    makeFolder(path);
  });
  return log;
}

/** A file's content, whatever its name is. */
interface Content {
  readonly bytes: Uint8Array;
  synced: boolean;
}

type Names = Map<string, Content>;

/** A change of names in a folder that has not been synced since. */
interface Pending {
  readonly folder: string;
  apply(names: Names): void;
}

/** All that the disk may hold if the log ends here. */
export function statesAfter(log: readonly Operation[]): DiskState[] {
  /** As a program that goes on sees it, and as it is certain to be on the disk. */
  const seen: Names = new Map();
  const certain: Names = new Map();
  let pending: Pending[] = [];
  const change = (folder: string, apply: Pending['apply']): void => {
    apply(seen);
    pending.push({ folder, apply });
  };
  for (const operation of log) {
    if (operation.type === 'write') {
      const content = { bytes: operation.content, synced: false };
      change(dirname(operation.path), (names) => void names.set(operation.path, content));
    } else if (operation.type === 'rename') {
      const { from, to } = operation;
      const content = seen.get(from) as Content;
      change(dirname(to), (names) => {
        names.delete(from);
        names.set(to, content);
      });
    } else if (operation.type === 'remove') {
      change(dirname(operation.path), (names) => void names.delete(operation.path));
    } else if (operation.type === 'sync') {
      const content = seen.get(operation.path);
      if (content) content.synced = true;
      for (const { folder, apply } of pending) if (folder === operation.path) apply(certain);
      pending = pending.filter(({ folder }) => folder !== operation.path);
    }
  }
  const states: DiskState[] = [];
  for (let chosen = 0; chosen < 2 ** pending.length; chosen++) {
    const names: Names = new Map(certain);
    for (const [i, { apply }] of pending.entries()) if (chosen & (1 << i)) apply(names);
    for (const lost of LOSSES)
      states.push(new Map([...names].map(([path, { bytes, synced }]) => [path, synced ? bytes : lost(bytes)])));
  }
  return states;
}

/** What may be left of content that was not synced. */
const LOSSES: readonly ((bytes: Uint8Array) => Uint8Array)[] = [
  (bytes) => bytes,
  () => new Uint8Array(),
  (bytes) => bytes.subarray(0, bytes.length >> 1),
  (bytes) => new Uint8Array(bytes.length),
];
