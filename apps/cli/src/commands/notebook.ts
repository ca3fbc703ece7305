/** `anke notebook`: the whole Kannada-MNIST notebook, from the data to the submission. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  checkExtraClasses,
  type DataSets,
  formatSubmission,
  type ImageDataset,
  requireTest,
  requireTraining,
} from '@anke/data';
import { countParameters } from '@anke/nn';
import { accuracyOf, count, duration, mostLikely, percent } from '@anke/report';
import { samplesOf, saveChoices, splitText, trainingDataOf, writeText } from '@anke/training';
import type { Command } from 'commander';
import { readDataSets } from '../data-sets.js';
import { deviceLine } from '../device.js';
import { requireClasses } from '../model-folder.js';
import { bestOf } from '../results.js';
import type { Terminal } from '../terminal.js';
import { sayEnd } from '../training/ending.js';
import { writeReport } from '../training/report.js';
import { requestOf, runTraining, type TrainedRun } from '../training/run.js';
import { operands } from './operands.js';
import { GROUP, natural } from './options.js';
import { type RecipeOptions, recipeOptions, runOptions, trainingData } from './recipe-options.js';
import { CONTACT_SHEET, drawDigits } from './synth.js';

export function addNotebook(program: Command): void {
  const note =
    '; with images for testing beside them, such as the competition’s test.csv, which are predicted in the end; ' +
    'without them, synthetic digits are drawn into data/synthetic';
  const command = operands(program.command('notebook'), [trainingData(note)])
    .description('the whole Kannada-MNIST notebook: data, model, Adam, SGD, curves, prediction, submission')
    .optionsGroup(GROUP.training)
    .option('--adam-epochs <n>', 'epochs with Adam at most', natural)
    .option('--sgd-epochs <n>', 'epochs with SGD at most', natural)
    .option('--patience <n>', 'epochs without a better validation loss before a phase stops', natural);
  runOptions(recipeOptions(command, 'notebook'))
    .addHelpText(
      'after',
      `
Options that are not given are the recipe’s: 20 epochs of Adam, 25 of SGD, a patience of 3, batches of 32, the seed 77.

Examples:
  anke notebook Kannada-MNIST.zip
  anke notebook data/digits --limit 6000 --adam-epochs 4 --sgd-epochs 2`,
    )
    .action(() => runNotebook(command.opts()));
}

async function runNotebook(given: RecipeOptions): Promise<void> {
  const started = performance.now();
  const asked = await requestOf(given, 'notebook');
  const { terminal, options, recipe } = asked;
  const { validationSplit: _, ...reading } = recipe.data;
  const path = recipe.data.path ?? (await synthetic(terminal));

  terminal.heading('Input files');
  const sets = await readDataSets(terminal, path, { ...options, ...reading });
  const data = trainingDataOf(recipe, requireTraining(path, sets), sets.validation);
  checkExtraClasses(sets);
  requireTest(path, sets);
  for (const set of [sets.train, sets.validation, sets.test, ...Object.values(sets.extra)])
    if (set) terminal.fact(set.source, `${count(set.count)} images`);
  const { training, validation } = data;
  const [height, width, channels] = training.shape;
  const range = [0, 255].map((byte) => Number((byte * training.factor + training.offset).toPrecision(6))).join(' … ');
  terminal.fact('X', `(${training.count}, ${height}, ${width}, ${channels}), scaled to ${range}`);
  const held = sets.validation?.source ?? splitText(recipe.data);
  terminal.fact('validation', `(${validation.count}, ${height}, ${width}, ${channels}), ${held}`);

  const complete = { ...recipe, data: { ...recipe.data, path: resolve(path) } };
  await runTraining({ ...asked, recipe: complete }, data, {
    begin: ({ device, folder, model }) => {
      terminal.fact('device', deviceLine(device.report));
      terminal.fact('run folder', folder);
      terminal.heading('Model');
      terminal.say(model.summary(terminal.columns));
    },
    end: (run) => conclude(run, sets, started),
  });
}

/** Predicts what is to be predicted, and tells what came of it all. */
async function conclude(run: TrainedRun, sets: DataSets, started: number): Promise<void> {
  const { terminal, device, folder, store, model, phases } = run;
  terminal.heading('Prediction');
  const scores = await predict(run, sets);
  const { testAccuracy, extraAccuracy = {} } = scores;
  await writeReport(run, {
    started,
    scores: {
      ...(testAccuracy === undefined ? {} : { [sets.test?.source ?? 'test']: testAccuracy }),
      ...Object.fromEntries(
        Object.entries(extraAccuracy).map(([name, one]) => [sets.extra[name]?.source ?? name, one]),
      ),
    },
  });
  await saveChoices(store, { device: device.report.name, choices: device.gpu.tuner.used });

  const seconds = (performance.now() - started) / 1000;
  sayEnd(run, 'notebook', started);
  terminal.result({
    folder,
    files: sets.files,
    parameters: countParameters(model.layers).total,
    epochs: Object.fromEntries(phases.map(({ name, epochs }) => [name, epochs.length])),
    final: phases.findLast(({ epochs }) => epochs.length > 0)?.epochs.at(-1) ?? null,
    best: bestOf(phases),
    ...scores,
    seconds,
    adapter: device.report.name,
  });
}

/** A folder of synthetic digits, drawn if they are not there. */
async function synthetic(terminal: Terminal): Promise<string> {
  const folder = join('data', 'synthetic');
  if (!existsSync(join(folder, CONTACT_SHEET))) {
    terminal.heading('Synthetic digits');
    await drawDigits(terminal, folder, { train: 4000, test: 1000, seed: 77 });
  }
  return folder;
}

interface Scores {
  /** By the name of the images. */
  readonly extraAccuracy?: Readonly<Record<string, number>>;
  readonly testAccuracy?: number;
}

/** Predicts the test images, writes the submission, and scores what has labels. */
async function predict({ terminal, device, model, folder, store }: TrainedRun, sets: DataSets): Promise<Scores> {
  const { testLabels, extra } = sets;
  const test = sets.test as ImageDataset;
  const started = performance.now();
  const bar = terminal.progress(`Predicting ${test.source}`, 'images');
  const probabilities = await model.predict(samplesOf(test), { onProgress: bar.update });
  bar.stop();
  const seconds = (performance.now() - started) / 1000;
  const labels = mostLikely(probabilities, requireClasses(folder, model));
  const file = 'submission.csv';
  await writeText(store, file, formatSubmission(test.ids as readonly string[], labels));
  terminal.fact(
    test.source,
    `${count(test.count)} predictions in ${duration(seconds)} (${count(test.count / seconds)} images/s)`,
  );
  terminal.fact('submission', join(folder, file));
  let scores: Scores = {};
  if (testLabels) {
    const testAccuracy = accuracyOf(labels, testLabels);
    terminal.fact(test.source, `accuracy ${percent(testAccuracy)}`);
    scores = { ...scores, testAccuracy };
  }
  for (const [name, images] of Object.entries(extra)) {
    const predicted = mostLikely(await model.predict(samplesOf(images)), requireClasses(folder, model));
    const accuracy = accuracyOf(predicted, images.labels ?? []);
    terminal.fact(images.source, `accuracy ${percent(accuracy)}`);
    scores = { ...scores, extraAccuracy: { ...scores.extraAccuracy, [name]: accuracy } };
  }
  device.gpu.check();
  return scores;
}
