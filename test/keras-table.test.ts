/**
 * docs/keras.md says what there is of Keras, and what is missing. If these failed, a table of it would promise what
 * does not exist, or be silent about what does.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ACTIVATIONS, LAYER_TYPES } from '@anke/nn';
import { describe, expect, test } from 'vitest';

const text = readFileSync(join(import.meta.dirname, '../docs/keras.md'), 'utf8');

interface Row {
  readonly keras: string;
  readonly ours: string;
  readonly differences: string;
}

/** The text below a heading, up to the next one. */
function section(title: string): string {
  const [, body] = new RegExp(`^## ${title}\\n([\\s\\S]*?)(?=^## |(?![\\s\\S]))`, 'm').exec(text) ?? [];
  if (body === undefined) throw new Error(`docs/keras.md has no section "${title}"`);
  return body;
}

/** The rows of a section's table. */
function rowsOf(title: string): Row[] {
  const lines = section(title)
    .split('\n')
    .filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) => {
    const [, keras = '', ours = '', differences = '', ...rest] = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    expect(rest, line).toEqual(['']);
    return { keras, ours, differences };
  });
}

const isMissing = ({ ours }: Row): boolean => ours.startsWith('missing');
/** Names in backticks. */
const namesIn = (cell: string): string[] => Array.from(cell.matchAll(/`(\w+)`/g), ([, name]) => name as string);

/** Sections, and what there is of each kind. */
const TABLES: readonly (readonly [title: string, names: readonly string[]])[] = [['Layers', LAYER_TYPES]];

describe.each(TABLES)('%s', (title, names) => {
  const rows = rowsOf(title);

  test('each that exists has one row', () => {
    const present = rows.filter((row) => !isMissing(row)).flatMap(({ ours }) => namesIn(ours));
    expect(present.filter((name) => names.includes(name)).sort()).toEqual([...names].sort());
  });

  test('what a row calls present exists', () => {
    const nowhere = rows.filter((row) => !isMissing(row)).flatMap(({ ours }) => namesIn(ours));
    // `input` is a function, `inputShape` an option.
    expect(nowhere.filter((name) => !names.includes(name))).toEqual(title === 'Layers' ? ['inputShape'] : []);
  });

  test('what a row calls missing does not exist', () => {
    const missing = rows.filter(isMissing).flatMap(({ keras }) => namesIn(keras));
    expect(missing.length).toBeGreaterThan(0);
    expect(missing.filter((name) => names.includes(name))).toEqual([]);
  });
});

test('the activations are those that there are', () => {
  const [, listed = ''] = /`activation` may be ([\s\S]*?);/.exec(section('Layers')) ?? [];
  expect(namesIn(listed)).toEqual([...ACTIVATIONS]);
});
