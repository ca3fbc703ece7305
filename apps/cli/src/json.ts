/** JSON that people write by hand, and what is said of it where it is wrong. */
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
    const where = Number.isNaN(position) ? '' : `:${before.length}:${(before.at(-1) as string).length + 1}`;
    throw new CommandError(`${file}${where}: this is no JSON (${message.replace(/ at position .*/s, '')})`);
  }
}
