/** Files beside the data that are none of it, as a message names them. */

/** Names in a message: more are counted. */
const MOST_NAMED = 5;

/** `notes.txt, report/ (40 files)`: several files of one folder are told by the folder. */
export function namesOfUnused(files: readonly string[]): string {
  const byFolder = new Map<string, string[]>();
  for (const file of files) {
    const folder = /^[^/\\]*[/\\]/.exec(file)?.[0] ?? file;
    const within = byFolder.get(folder);
    if (within) within.push(file);
    else byFolder.set(folder, [file]);
  }
  const names = [...byFolder].map(([folder, within]) =>
    within.length === 1 ? (within[0] as string) : `${folder} (${within.length} files)`,
  );
  const more = names.length - MOST_NAMED;
  return `${names.slice(0, MOST_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
