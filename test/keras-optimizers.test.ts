/** The section «Optimizers» of docs/keras.md: what it names must be there, and what is there must be named. */
import * as nn from '@anke/nn';
import { recipeJsonSchema } from '@anke/training';
import { expect, test } from 'vitest';
import { codesIn, isMissing, tablesOf } from './keras-document.js';

const [optimizers = [], options = [], schedules = []] = tablesOf('Optimizers').map((rows) =>
  rows.map(([keras = '', ours = '']) => ({
    keras: codesIn(keras),
    anke: codesIn(ours),
    isMissing: isMissing({ ours }),
  })),
);

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
  expect(optimizers.flatMap(({ anke }) => anke).sort()).toEqual([...nn.OPTIMIZER_TYPES].sort());
  for (const { keras, anke, isMissing } of optimizers) {
    if (isMissing) for (const name of keras) expect(name in nn, name).toBe(false);
    else expect(keras).toEqual(anke);
  }
});

test('every option of every optimizer is there, in Keras’s name and ours', async () => {
  const schema = (await recipeJsonSchema()) as Node;
  const kinds = schema.properties?.['phases']?.items?.properties?.['optimizer']?.oneOf ?? [];
  expect(kinds.length).toBe(nn.OPTIMIZER_TYPES.length);
  const known = new Set(
    kinds.flatMap(({ properties = {} }) => Object.keys(properties)).filter((key) => key !== 'type'),
  );
  expect(options.flatMap(({ anke }) => anke).sort()).toEqual([...known].sort());
  for (const { keras, anke, isMissing } of options) {
    const names = keras.map((name) => camel(name.replace(/\(.*/, '')));
    if (isMissing) for (const name of names) expect(known.has(name), name).toBe(false);
    else expect(names).toEqual(anke);
  }
});

test('every schedule is there', () => {
  expect(schedules.flatMap(({ anke }) => anke).sort()).toEqual([...nn.SCHEDULE_TYPES].sort());
  for (const { keras, anke } of schedules)
    if (keras.length > 0 && anke.length > 0)
      expect(anke).toEqual(keras.map((name) => name[0]?.toLowerCase() + name.slice(1)));
});
