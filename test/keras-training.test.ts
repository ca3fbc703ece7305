/**
 * The sections «Losses and metrics» and «Training» of docs/keras.md: if these failed, they would promise what is not
 * there, leave out what is, or call missing what has come.
 */
import type { CompileOptions, FitOptions } from '@anke/nn';
import * as nn from '@anke/nn';
import * as training from '@anke/training';
import { expect, test } from 'vitest';
import { codesIn, document, isMissing, rowsOf } from './keras-document.js';

/** All names that stand in code. */
const wordsIn = (cell: string): string[] => codesIn(cell).flatMap((code) => code.match(/[A-Za-z_]\w*/g) ?? []);

interface Row {
  readonly keras: readonly string[];
  readonly own: readonly string[];
  readonly isMissing: boolean;
}

const [losses = [], trainingRows = []] = ['Losses and metrics', 'Training'].map((title) =>
  rowsOf(title).map((row): Row => ({ keras: wordsIn(row.keras), own: wordsIn(row.ours), isMissing: isMissing(row) })),
);
const told = (rows: readonly Row[]): string[] => rows.flatMap(({ own }) => own);
const exported = { ...nn, ...training };

// A new option does not compile until it stands here, and then is looked for in the document.
const FIT = {
  epochs: 1,
  initialEpoch: 1,
  batchSize: 1,
  validationData: 1,
  validationBatchSize: 1,
  validationFreq: 1,
  stepsPerEpoch: 1,
  classWeight: 1,
  shuffle: 1,
  callbacks: 1,
} satisfies Record<Exclude<keyof FitOptions, 'augmentation' | 'signal' | 'submitMilliseconds'>, 1>;
const COMPILE = { gpu: 1, optimizer: 1, loss: 1, metrics: 1, storage: 1 } satisfies Record<keyof CompileOptions, 1>;

test('all losses, metrics, callbacks and options are told', () => {
  expect(told(losses)).toEqual(expect.arrayContaining([...nn.LOSS_TYPES, ...nn.METRIC_TYPES, 'labelSmoothing']));
  const options = [...Object.keys(FIT), ...Object.keys(COMPILE), 'sampleWeight', 'labels', 'targets'];
  expect(told(trainingRows)).toEqual(expect.arrayContaining([...options, ...nn.CALLBACK_TYPES]));
});

test('what is told is there', () => {
  const classes = [...losses, ...trainingRows].flatMap(({ own }) => own).filter((name) => /^[A-Z][a-z]\w+$/.test(name));
  const types = ['Loss', 'Metric', 'Samples'];
  expect(classes.length).toBeGreaterThan(15);
  for (const name of classes.filter((one) => !types.includes(one))) expect(exported, name).toHaveProperty(name);
  for (const name of ['toCategorical', 'balancedClassWeight', 'defineOperation']) {
    expect(document).toContain(name);
    expect(exported).toHaveProperty(name);
  }
});

test('what is missing is not there', () => {
  const missing = [...losses, ...trainingRows].filter(({ isMissing }) => isMissing).flatMap(({ keras }) => keras);
  expect(missing.length).toBeGreaterThan(10);
  // A loss and a metric may have one name, of which we have one.
  const both = ['MeanAbsoluteError', 'MeanSquaredError'];
  for (const name of missing.filter((one) => !both.includes(one))) expect(exported, name).not.toHaveProperty(name);
  expect(nn.losses).not.toHaveProperty('MeanAbsoluteError');
  expect(nn.metrics).not.toHaveProperty('MeanSquaredError');
});

test('recipes take what the document says', async () => {
  const schema = JSON.stringify(await training.recipeJsonSchema());
  const names = [
    ...nn.LOSS_TYPES,
    ...nn.METRIC_TYPES,
    'labelSmoothing',
    'classWeight',
    'stepsPerEpoch',
    'validationFreq',
  ];
  for (const name of [...names, 'balanced', 'macro']) expect(schema).toContain(`"${name}"`);
});
