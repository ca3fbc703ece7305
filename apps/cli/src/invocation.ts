/** How this program was called, and which one it is: a run keeps both. */
import { readFileSync } from 'node:fs';

/** Anke's version. */
export const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

/** A word as a shell takes it. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** The command line as it could be typed again. */
export const commandLine = (words: readonly string[] = process.argv.slice(2)): string =>
  ['anke', ...words.map(quoted)].join(' ');
