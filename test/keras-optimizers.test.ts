/** The section «Optimizers» of docs/keras.md: what it names must be there, and what is there must be named. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as nn from '@anke/nn';
import { recipeJsonSchema } from '@anke/training';
import { expect, test } from 'vitest';

const text = readFileSync(join(import.meta.dirname, '../docs/keras.md'), 'utf8');
const section = text.split('\n## ').find((part) => part.startsWith('Optimizers\n')) ?? '';

const named = (cell: string): string[] => Array.from(cell.matchAll(/`([^`]+)`/g), ([, name]) => name as string);

/** The rows of the section's tables, by the header of their first column. */
function rowsOf(header: string): { keras: string[]; anke: string[]; isMissing: boolean }[] {
  const lines = section.split('\n');
  const first = lines.findIndex((line) => line.startsWith(`| ${header} |`)) + 2;
  const end = lines.findIndex((line, i) => i >= first && !line.startsWith('|'));
  return lines.slice(first, end < 0 ? undefined : end).map((line) => {
    const [keras = '', anke = ''] = line.slice('| '.length).split(' | ');
    return { keras: named(keras), anke: named(anke), isMissing: anke.startsWith('missing') };
  });
}

/** Keras's name in this project's spelling. */
const camel = (name: string): string => name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly oneOf?: readonly Node[];
  readonly anyOf?: readonly Node[];
  readonly const?: string;
}

test('every optimizer is there, and those that are missing are', () => {
  const rows = rowsOf('Keras');
  expect(rows.flatMap(({ anke }) => anke).sort()).toEqual([...nn.OPTIMIZER_TYPES].sort());
  for (const { keras, anke, isMissing } of rows) {
    if (isMissing) for (const name of keras) expect(name in nn, name).toBe(false);
    else expect(keras).toEqual(anke);
  }
});

test('every option of every optimizer is there, in Keras’s name and ours', async () => {
  const schema = (await recipeJsonSchema()) as Node;
  const kinds = schema.properties?.['phases']?.items?.properties?.['optimizer']?.oneOf ?? [];
  expect(kinds.length).toBe(nn.OPTIMIZER_TYPES.length);
  const options = new Set(
    kinds.flatMap(({ properties = {} }) => Object.keys(properties)).filter((key) => key !== 'type'),
  );
  const rows = rowsOf('option in Keras');
  expect(rows.flatMap(({ anke }) => anke).sort()).toEqual([...options].sort());
  for (const { keras, anke, isMissing } of rows) {
    const names = keras.map((name) => camel(name.replace(/\(.*/, '')));
    if (isMissing) for (const name of names) expect(options.has(name), name).toBe(false);
    else expect(names).toEqual(anke);
  }
});

test('every schedule is there', () => {
  const rows = rowsOf('schedule in Keras');
  expect(rows.flatMap(({ anke }) => anke).sort()).toEqual([...nn.SCHEDULE_TYPES].sort());
  for (const { keras, anke } of rows)
    if (keras.length > 0 && anke.length > 0)
      expect(anke).toEqual(keras.map((name) => name[0]?.toLowerCase() + name.slice(1)));
});
