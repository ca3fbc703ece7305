/** Text in lines that a terminal has room for. */
import { stripVTControlCharacters } from 'node:util';
import { columnsOf } from './table.js';

/** Columns that a text takes, whose colours take none. */
const shownColumns = (text: string): number => columnsOf(stripVTControlCharacters(text));

/** Lines of at most so many columns, broken at spaces; a longer word has a line of its own. */
export function wrapped(text: string, columns: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) as string;
    if (line === '') lines[lines.length - 1] = word;
    else if (shownColumns(line) + 1 + shownColumns(word) <= columns) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** A line as it is where there is room for it; else broken at spaces, each part indented as the whole. */
export function fitting(line: string, columns: number): string[] {
  if (shownColumns(line) <= columns) return [line];
  const indent = /^ */.exec(line)?.[0] ?? '';
  return wrapped(line.trimStart(), columns - indent.length).map((part) => indent + part);
}

/** Paragraphs as wide as the terminal; where a line is indented, lists and examples stay as they are. */
export const reflowed = (text: string, columns: number): string =>
  text
    .split('\n\n')
    .map((paragraph) => {
      const [, before = '', lines = '', after = ''] = /^(\n*)(.*?)(\n*)$/s.exec(paragraph) ?? [];
      if (/^ /m.test(lines)) return paragraph;
      return before + wrapped(lines.replaceAll('\n', ' '), columns).join('\n') + after;
    })
    .join('\n\n');
