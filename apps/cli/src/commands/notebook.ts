import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type DataSets, formatSubmission, type ImageDataset, requireTest, requireTraining } from '@anke/data';
import { Adam, countParameters, type Sequential, SGD } from '@anke/nn';
import type { Command } from 'commander';
import colors from 'picocolors';
import { DATA_KINDS, type DataOptions, dataOptions, readDataSets } from '../data-sets.js';
import { type Device, openDevice, saveChoices, type TuningOptions } from '../device.js';
import { Interrupted } from '../errors.js';
import { inRunFolder, writeWhole } from '../files.js';
import { NOTEBOOK, notebookModel } from '../notebook-model.js';
import { absolute, optionsOf } from '../resume.js';
import { accuracyOf, mostLikely, samplesOf } from '../samples.js';
import { count, duration, percent, Terminal } from '../terminal.js';
import { howToGoOn, type Phase, saveRun, stopOnInterrupt, type TrainingData, trainPhases } from '../training.js';
import { type AugmentOptions, augmentOptions, generatorOf } from './augment-options.js';
import { natural, positive, seed, tuningOptions } from './options.js';
import { CONTACT_SHEET, drawDigits } from './synth.js';

interface Options extends TuningOptions, AugmentOptions, DataOptions {
  readonly data?: string;
  readonly resume?: string;
  readonly out?: string;
  readonly seed: number;
  readonly adamEpochs: number;
  readonly sgdEpochs: number;
  readonly batchSize: number;
  readonly json?: boolean;
}

const VALIDATION_SPLIT = 0.2;
const PATIENCE = 3;

export function addNotebook(program: Command): void {
  const command = program
    .command('notebook')
    .description('the whole Kannada-MNIST notebook: data, model, Adam, SGD, curves, prediction, submission')
    .option(
      '--data <path>',
      `the competition’s train.csv, test.csv, Dig-MNIST.csv and sample_submission.csv, or other images for training and testing: ${DATA_KINDS}; without it, synthetic digits are drawn into data/synthetic`,
    )
    .option('--resume <run>', 'go on with a run that stopped, as it was begun')
    .option('--out <folder>', 'run folder; default: the next free runs/<date>-notebook-<n>')
    .option('--seed <n>', 'everything random comes from it', seed, 77)
    .option('--limit <n>', 'use only the first rows of train.csv', positive)
    .option('--adam-epochs <n>', 'epochs with Adam at most', natural, 20)
    .option('--sgd-epochs <n>', 'epochs with SGD at most', natural, 25)
    .option('--batch-size <n>', 'images in a training step', positive, 32)
    .option('--json', 'one JSON object as the last line on stdout; all else goes to stderr');
  dataOptions(command);
  augmentOptions(command);
  tuningOptions(command)
    .addHelpText(
      'after',
      '\nExamples:\n  anke notebook --data Kannada-MNIST.zip\n  anke notebook --data data/digits --limit 6000 --adam-epochs 4 --sgd-epochs 2',
    )
    .action(runNotebook);
}

async function runNotebook(given: Options): Promise<void> {
  const started = performance.now();
  const options = optionsOf(given, 'notebook');
  const terminal = new Terminal(options);
  const generator = generatorOf({ ...options, validationSplit: VALIDATION_SPLIT });

  const data = options.data ?? synthetic(terminal);
  terminal.heading('Input files');
  const sets = await readDataSets(terminal, data, options);
  const { training, validation } = generator.split(requireTraining(data, sets));
  requireTest(data, sets);
  for (const set of [sets.train, sets.test, sets.digMnist])
    if (set) terminal.fact(set.source, `${count(set.count)} images`);
  const [height, width, channels] = training.shape;
  terminal.fact('X', `(${training.count}, ${height}, ${width}, ${channels}), scaled to 0 … 1`);
  terminal.fact('validation', `(${validation.count}, ${height}, ${width}, ${channels}), the first 20% of the rows`);

  const device = await openDevice(terminal, options);
  const config = { ...options, data: absolute(data), kernels: absolute(options.kernels), adapter: device.report.name };
  await inRunFolder(options, 'notebook', config, (folder) =>
    trainAndPredict(
      terminal,
      options,
      device,
      sets,
      { training, validation, augmentation: generator.augmentation(training.shape) },
      folder,
      started,
    ),
  );
  device.gpu.destroy();
}

async function trainAndPredict(
  terminal: Terminal,
  options: Options,
  device: Device,
  sets: DataSets,
  data: TrainingData,
  folder: string,
  started: number,
): Promise<void> {
  terminal.fact('device', `${device.report.name} (${device.report.why})`);
  terminal.fact('run folder', folder);

  terminal.heading('Model');
  const model = notebookModel(data.training.shape, {
    seed: options.seed,
    widths: { ...NOTEBOOK, classes: data.training.classes },
  });
  terminal.say(model.summary());

  const release = stopOnInterrupt(terminal, model);
  const plans = [
    { title: 'Training with Adam', optimizer: new Adam(), epochs: options.adamEpochs },
    { title: 'Training with SGD, from the best weights', optimizer: new SGD(), epochs: options.sgdEpochs },
  ];
  const { batchSize } = options;
  const phases = await trainPhases(terminal, device, model, data, plans, folder, { batchSize, patience: PATIENCE });
  await saveRun(folder, device, model, phases);
  if (model.interrupted) throw new Interrupted(howToGoOn('notebook', folder));

  terminal.heading('Prediction');
  const scores = await predict(terminal, device, model, sets, folder);
  const { writeReport } = await import('../report/report.js');
  await writeReport(terminal, device, model, data, { folder, config: options, phases, batchSize });
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
    epochs: Object.fromEntries(phases.map(({ optimizer, epochs }) => [optimizer, epochs.length])),
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
  readonly digMnistAccuracy?: number;
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
  const { testLabels, digMnist } = sets;
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
  if (digMnist) {
    const { accuracy } = await model.evaluate(samplesOf(digMnist));
    terminal.fact(digMnist.source, `accuracy ${percent(accuracy)}`);
    scores = { ...scores, digMnistAccuracy: accuracy };
  }
  device.gpu.check();
  return scores;
}

/** The epoch with the least validation loss. */
function bestOf(phases: readonly Phase[]): object | null {
  const all = phases.flatMap(({ optimizer, epochs }) =>
    epochs.map((record, i) => ({ optimizer, epoch: i + 1, record })),
  );
  const loss = ({ record }: (typeof all)[number]): number => record['val_loss'] as number;
  const [first, ...rest] = all;
  if (!first) return null;
  const { optimizer, epoch, record } = rest.reduce((best, next) => (loss(next) < loss(best) ? next : best), first);
  return { optimizer, epoch, ...record };
}
