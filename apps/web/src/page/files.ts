/** Files that people drop on the page or choose: their paths and contents, with folders gone through. */
import type { DroppedFile } from '../protocol.js';
import { byId, html } from './element.js';

export type OnFiles = (name: string, files: readonly DroppedFile[]) => void;

export function takeFiles(onFiles: OnFiles): void {
  for (const id of ['choose', 'choose-folder']) {
    const input = byId(id, HTMLInputElement);
    input.addEventListener('change', () => {
      const files = [...(input.files ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
      input.value = '';
      give(files, onFiles);
    });
  }
  const zone = html('drop');
  for (const event of ['dragover', 'drop'] as const) {
    // A file that misses the zone must not take the page's place.
    addEventListener(event, (drag) => drag.preventDefault());
  }
  addEventListener('dragenter', () => zone.classList.add('over'));
  addEventListener('dragleave', ({ relatedTarget }) => zone.classList.toggle('over', relatedTarget !== null));
  addEventListener('drop', async ({ dataTransfer }) => {
    zone.classList.remove('over');
    const items = [...(dataTransfer?.items ?? [])].filter(({ kind }) => kind === 'file');
    // Entries must be taken before anything is waited for: then the browser forgets what was dropped.
    const entries = items.map((item) => item.webkitGetAsEntry());
    const plain = items.map((item) => item.getAsFile());
    const found = await Promise.all(
      entries.map(async (entry, i) => {
        const file = plain[i];
        if (entry) return await filesOf(entry);
        return file ? [{ path: file.name, file }] : [];
      }),
    );
    give(found.flat(), onFiles);
  });
}

/** A single folder gives the name, and its own name is no part of the paths. */
function give(files: readonly DroppedFile[], onFiles: OnFiles): void {
  const [first] = files;
  if (!first) return;
  const folder = first.path.includes('/') ? (first.path.split('/')[0] as string) : undefined;
  const isOne = folder !== undefined && files.every(({ path }) => path.startsWith(`${folder}/`));
  if (isOne)
    onFiles(
      folder,
      files.map(({ path, file }) => ({ path: path.slice(folder.length + 1), file })),
    );
  else onFiles(files.length === 1 ? first.path : `${files.length} files`, files);
}

async function filesOf(entry: FileSystemEntry): Promise<DroppedFile[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return [{ path: entry.fullPath.replace(/^\//, ''), file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const children: FileSystemEntry[] = [];
  // It gives some at a time, and none when all have been given.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) break;
    children.push(...some);
  }
  return (await Promise.all(children.map(filesOf))).flat();
}
