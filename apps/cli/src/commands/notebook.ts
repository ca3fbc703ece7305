import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type DataSets, formatSubmission, type ImageDataset, requireTest, requireTraining } from '@anke/data';
import { countParameters, type Sequential } from '@anke/nn';
import type { Command } from 'commander';
import colors from 'picocolors';
import { readDataSets } from '../data-sets.js';
import { type Device, openDevice, saveChoices } from '../device.js';
import { Interrupted } from '../errors.js';
import { inRunFolder, writeWhole } from '../files.js';
import { makeModel } from '../recipe/make.js';
import type { ResolvedRecipe } from '../recipe/schema.js';
import { configOf, optionsOf, recipeOfRun } from '../resume.js';
import { accuracyOf, mostLikely, samplesOf } from '../samples.js';
import { count, duration, percent, Terminal } from '../terminal.js';
import { howToGoOn, type Phase, saveRun, stopOnInterrupt, type TrainingData, trainPhases } from '../training.js';
import { generatorOf } from './augment-options.js';
import { natural } from './options.js';
import { type RecipeOptions, recipeOf, recipeOptions } from './recipe-options.js';
import { CONTACT_SHEET, drawDigits } from './synth.js';

export function addNotebook(program: Command): void {
  const command = program
    .command('notebook')
    .description('the whole Kannada-MNIST notebook: data, model, Adam, SGD, curves, prediction, submission');
  const data =
    '; with images for testing beside them, such as the competition’s test.csv, which are predicted in the end; without --data, synthetic digits are drawn into data/synthetic';
  recipeOptions(command, 'notebook', data)
    .option('--adam-epochs <n>', 'epochs with Adam at most', natural)
    .option('--sgd-epochs <n>', 'epochs with SGD at most', natural)
    .option('--patience <n>', 'epochs without a better validation loss before a phase stops', natural)
    .option('--json', 'one JSON object as the last line on stdout; all else goes to stderr')
    .addHelpText(
      'after',
      `
Options that are not given are the recipe’s: 20 epochs of Adam, 25 of SGD, a patience of 3, batches of 32, the seed 77.

Examples:
  anke notebook --data Kannada-MNIST.zip
  anke notebook --data data/digits --limit 6000 --adam-epochs 4 --sgd-epochs 2`,
    )
    .action(runNotebook);
}

async function runNotebook(given: RecipeOptions): Promise<void> {
  const started = performance.now();
  const options = optionsOf(given, 'notebook');
  const terminal = new Terminal(options);
  const recipe = options.resume === undefined ? await recipeOf(options) : await recipeOfRun(options.resume);
  const { validationSplit, ...reading } = recipe.data;
  const path = recipe.data.path ?? synthetic(terminal);
  const generator = generatorOf(recipe.augmentation, validationSplit);

  terminal.heading('Input files');
  const sets = await readDataSets(terminal, path, { ...options, ...reading });
  const { training, validation } = generator.split(requireTraining(path, sets));
  requireTest(path, sets);
  for (const set of [sets.train, sets.test, ...Object.values(sets.extra)])
    if (set) terminal.fact(set.source, `${count(set.count)} images`);
  const [height, width, channels] = training.shape;
  terminal.fact('X', `(${training.count}, ${height}, ${width}, ${channels}), scaled to 0 … 1`);
  const held = `the first ${Math.round(100 * validationSplit)}% of the rows`;
  terminal.fact('validation', `(${validation.count}, ${height}, ${width}, ${channels}), ${held}`);
  // A model that cannot be is refused before a device is looked for.
  makeModel(recipe.layers, { seed: recipe.seed, inputShape: training.shape, classes: training.classes });

  const device = await openDevice(terminal, options);
  const complete = { ...recipe, data: { ...recipe.data, path: resolve(path) } };
  const run = { config: configOf('notebook', options, device), recipe: complete };
  const augmentation = generator.augmentation(training.shape);
  await inRunFolder(options, recipe.name, run, (folder) =>
    trainAndPredict(terminal, complete, device, sets, { training, validation, augmentation }, folder, started),
  );
  device.gpu.destroy();
}

async function trainAndPredict(
  terminal: Terminal,
  recipe: ResolvedRecipe,
  device: Device,
  sets: DataSets,
  data: TrainingData,
  folder: string,
  started: number,
): Promise<void> {
  terminal.fact('device', `${device.report.name} (${device.report.why})`);
  terminal.fact('run folder', folder);

  terminal.heading('Model');
  const { shape: inputShape, classes } = data.training;
  const model = makeModel(recipe.layers, { seed: recipe.seed, inputShape, classes });
  terminal.say(model.summary());

  const release = stopOnInterrupt(terminal, model);
  const phases = await trainPhases(terminal, device, model, data, recipe, folder);
  await saveRun(folder, device, model, phases);
  if (model.interrupted) throw new Interrupted(howToGoOn('notebook', folder));

  terminal.heading('Prediction');
  const scores = await predict(terminal, device, model, sets, folder);
  const { writeReport } = await import('../report/report.js');
  await writeReport(terminal, device, model, data, { folder, recipe, phases });
  saveChoices(folder, device);
  release();

  const seconds = (performance.now() - started) / 1000;
  terminal.say(
    `\n${colors.bold('Done')} in ${duration(seconds)}. Report, curves, model and submission are in ${colors.bold(folder)}`,
  );
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
function synthetic(terminal: Terminal): string {
  const folder = join('data', 'synthetic');
  if (!existsSync(join(folder, CONTACT_SHEET))) {
    terminal.heading('Synthetic digits');
    drawDigits(terminal, { to: folder, train: 4000, test: 1000, seed: 77 });
  }
  return folder;
}

interface Scores {
  /** By the name of the images. */
  readonly extraAccuracy?: Readonly<Record<string, number>>;
  readonly testAccuracy?: number;
}

/** Predicts the test images, writes the submission, and scores what has labels. */
async function predict(
  terminal: Terminal,
  device: Device,
  model: Sequential,
  sets: DataSets,
  folder: string,
): Promise<Scores> {
  const { testLabels, extra } = sets;
  const test = sets.test as ImageDataset;
  const started = performance.now();
  const bar = terminal.progress(`Predicting ${test.source}`, 'images');
  const probabilities = await model.predict(samplesOf(test), { onProgress: bar.update });
  bar.stop();
  const seconds = (performance.now() - started) / 1000;
  const labels = mostLikely(probabilities, model.outputShape[0] as number);
  const file = join(folder, 'submission.csv');
  writeWhole(file, formatSubmission(test.ids as readonly string[], labels));
  terminal.fact(
    test.source,
    `${count(test.count)} predictions in ${duration(seconds)} (${count(test.count / seconds)} images/s)`,
  );
  terminal.fact('submission', file);
  let scores: Scores = {};
  if (testLabels) {
    const testAccuracy = accuracyOf(labels, testLabels);
    terminal.fact(test.source, `accuracy ${percent(testAccuracy)}`);
    scores = { ...scores, testAccuracy };
  }
  for (const [name, images] of Object.entries(extra)) {
    const { accuracy } = await model.evaluate(samplesOf(images));
    terminal.fact(images.source, `accuracy ${percent(accuracy)}`);
    scores = { ...scores, extraAccuracy: { ...scores.extraAccuracy, [name]: accuracy } };
  }
  device.gpu.check();
  return scores;
}

/** The epoch with the least validation loss. */
function bestOf(phases: readonly Phase[]): object | null {
  const all = phases.flatMap(({ name: phase, epochs }) => epochs.map((record, i) => ({ phase, epoch: i + 1, record })));
  const loss = ({ record }: (typeof all)[number]): number => record['val_loss'] as number;
  const [first, ...rest] = all;
  if (!first) return null;
  const { phase, epoch, record } = rest.reduce((best, next) => (loss(next) < loss(best) ? next : best), first);
  return { phase, epoch, ...record };
}
