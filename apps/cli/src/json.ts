/** What is said of JSON that people write by hand. */
import { closest, distance } from 'fastest-levenshtein';
import { CommandError } from './errors.js';

/** @throws CommandError that names line and column */
export function parseJson(file: string, content: string): unknown {
  const text = content.replace(/^\uFEFF/, '');
  try {
    return JSON.parse(text);
  } catch (error) {
    const { message } = error as Error;
    const position = Number(/at position (\d+)/.exec(message)?.[1] ?? Number.NaN);
    const before = text.slice(0, position).split('\n');
    const place = Number.isNaN(position) ? '' : `:${before.length}:${(before.at(-1) as string).length + 1}`;
    throw new CommandError(`${file}${place}: this is no JSON (${message.replace(/ at position .*/s, '')})`);
  }
}

/** «(did you mean "filters"?)», where a known word is near enough; else nothing. */
export function didYouMean(word: string, known: readonly string[]): string {
  if (known.length === 0) return '';
  const small = word.toLowerCase();
  const guess = closest(
    small,
    known.map((one) => one.toLowerCase()),
  );
  const original = known.find((one) => one.toLowerCase() === guess) as string;
  return distance(small, guess) <= Math.max(2, word.length / 3) ? ` (did you mean "${original}"?)` : '';
}

const WIDTH = 120;

/** JSON for people: what fits on a line stands on one. */
export function formatJson(value: unknown, indent = ''): string {
  const flat = onOneLine(value);
  if (typeof value !== 'object' || value === null || flat.length + indent.length <= WIDTH) return flat;
  const inner = `${indent}  `;
  const isList = Array.isArray(value);
  const lines = isList
    ? value.map((one) => `${inner}${formatJson(one, inner)}`)
    : entriesOf(value).map(([key, one]) => `${inner}${JSON.stringify(key)}: ${formatJson(one, inner)}`);
  return `${isList ? '[' : '{'}\n${lines.join(',\n')}\n${indent}${isList ? ']' : '}'}`;
}

const entriesOf = (value: object): [string, unknown][] => Object.entries(value).filter(([, one]) => one !== undefined);

function onOneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(onOneLine).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = entriesOf(value).map(([key, one]) => `${JSON.stringify(key)}: ${onOneLine(one)}`);
  return inner.length === 0 ? '{}' : `{ ${inner.join(', ')} }`;
}
