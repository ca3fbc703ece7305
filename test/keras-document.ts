/** docs/keras.md, which says what there is of Keras, as tests read it: its tables, and the names in them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const document = readFileSync(join(import.meta.dirname, '../docs/keras.md'), 'utf8');

/** The text below a heading, up to the next one. */
export function section(title: string): string {
  const body = document.split(/^## /m).find((text) => text.startsWith(`${title}\n`));
  if (body === undefined) throw new Error(`docs/keras.md has no section "${title}"`);
  return body;
}

/** The tables of a section: their rows, without the head, as cells. */
export function tablesOf(title: string): string[][][] {
  const blocks = section(title)
    .split('\n\n')
    .map((block) => block.split('\n').filter((line) => line.startsWith('|')));
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => {
      const [head = [], , ...rows] = lines.map(cellsOf);
      const odd = rows.find(({ length }) => length !== head.length);
      if (odd) throw new Error(`docs/keras.md: a row of ${title} has ${odd.length} cells: ${odd[0]}`);
      return rows;
    });
}

/** The only table of a section: what Keras has, and what is here. */
export const rowsOf = (title: string): { readonly keras: string; readonly ours: string }[] =>
  tablesOf(title).flatMap((rows) => rows.map(([keras = '', ours = '']) => ({ keras, ours })));

const cellsOf = (line: string): string[] =>
  line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim());

export const isMissing = ({ ours }: { readonly ours: string }): boolean => ours.startsWith('missing');

/** What stands in code. */
export const codesIn = (cell = ''): string[] => Array.from(cell.matchAll(/`([^`]+)`/g), ([, code]) => code as string);

/** What stands in code and is a name. */
export const namesIn = (cell?: string): string[] => codesIn(cell).filter((code) => /^\w+$/.test(code));
