import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Competition, formatSubmission, type ImageDataset, readCompetition } from '@anke/data';
import { Adam, countParameters, type Sequential, SGD } from '@anke/nn';
import type { Command } from 'commander';
import colors from 'picocolors';
import { type Device, openDevice, saveChoices, type TuningOptions } from '../device.js';
import { Interrupted } from '../errors.js';
import { inRunFolder, writeWhole } from '../files.js';
import { notebookModel } from '../notebook-model.js';
import { accuracyOf, mostLikely, samplesOf } from '../samples.js';
import { count, duration, percent, Terminal } from '../terminal.js';
import { type Phase, saveRun, stopOnInterrupt, type TrainingData, trainPhase } from '../training.js';
import { type AugmentOptions, augmentOptions, generatorOf } from './augment-options.js';
import { natural, positive, seed, tuningOptions } from './options.js';
import { CONTACT_SHEET, drawDigits } from './synth.js';

interface Options extends TuningOptions, AugmentOptions {
  readonly data?: string;
  readonly out?: string;
  readonly seed: number;
  readonly limit?: number;
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
      '--data <folder|zip>',
      'the competition’s files: train.csv, test.csv, Dig-MNIST.csv, sample_submission.csv; without it, synthetic digits are drawn into data/synthetic',
    )
    .option('--out <folder>', 'run folder; default: the next free runs/<date>-notebook-<n>')
    .option('--seed <n>', 'everything random comes from it', seed, 77)
    .option('--limit <n>', 'use only the first rows of train.csv', positive)
    .option('--adam-epochs <n>', 'epochs with Adam at most', natural, 20)
    .option('--sgd-epochs <n>', 'epochs with SGD at most', natural, 25)
    .option('--batch-size <n>', 'images in a training step', positive, 32)
    .option('--json', 'one JSON object as the last line on stdout; all else goes to stderr');
  augmentOptions(command);
  tuningOptions(command)
    .addHelpText(
      'after',
      '\nExamples:\n  anke notebook --data Kannada-MNIST.zip\n  anke notebook --data data/digits --limit 6000 --adam-epochs 4 --sgd-epochs 2',
    )
    .action(runNotebook);
}

async function runNotebook(options: Options): Promise<void> {
  const started = performance.now();
  const terminal = new Terminal(options);
  const generator = generatorOf({ ...options, validationSplit: VALIDATION_SPLIT });

  const data = options.data ?? synthetic(terminal);
  terminal.heading('Input files');
  const competition = await readFiles(terminal, data, options.limit);
  const { training, validation } = generator.split(competition.train);
  const [height, width, channels] = training.shape;
  terminal.fact('X', `(${training.count}, ${height}, ${width}, ${channels}), scaled to 0 … 1`);
  terminal.fact('validation', `(${validation.count}, ${height}, ${width}, ${channels}), the first 20% of the rows`);

  const device = await openDevice(terminal, options);
  const config = { ...options, data, adapter: device.report.name };
  await inRunFolder(options.out, 'notebook', config, (folder) =>
    trainAndPredict(
      terminal,
      options,
      device,
      competition,
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
  competition: Competition,
  { training, validation, augmentation }: TrainingData,
  folder: string,
  started: number,
): Promise<void> {
  terminal.fact('device', `${device.report.name} (${device.report.why})`);
  terminal.fact('run folder', folder);

  terminal.heading('Model');
  const model = notebookModel(training.shape, { seed: options.seed });
  terminal.say(model.summary());

  const release = stopOnInterrupt(terminal, model);
  const samples = { training: samplesOf(training), validation: samplesOf(validation), augmentation };
  const phases: Phase[] = [];
  const plans = [
    { title: 'Training with Adam', optimizer: new Adam(), epochs: options.adamEpochs },
    { title: 'Training with SGD, from the best weights', optimizer: new SGD(), epochs: options.sgdEpochs },
  ];
  for (const { title, optimizer, epochs } of plans) {
    terminal.heading(title);
    phases.push(
      await trainPhase(terminal, device, model, samples, {
        optimizer,
        epochs,
        batchSize: options.batchSize,
        patience: PATIENCE,
      }),
    );
    if (model.interrupted) break;
  }

  await saveRun(folder, device, model, phases);
  if (model.interrupted)
    throw new Interrupted(`interrupted; the model, the history and the curves so far are in ${folder}`);

  terminal.heading('Prediction');
  const scores = await predict(terminal, device, model, competition, folder);
  saveChoices(folder, device);
  release();

  const seconds = (performance.now() - started) / 1000;
  terminal.say(
    `\n${colors.bold('Done')} in ${duration(seconds)}. Curves, model and submission are in ${colors.bold(folder)}`,
  );
  terminal.result({
    folder,
    files: competition.files,
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

async function readFiles(terminal: Terminal, data: string, limit: number | undefined): Promise<Competition> {
  let bar = terminal.progress('', 'bytes');
  let reading = '';
  const competition = await readCompetition(data, {
    ...(limit === undefined ? {} : { limit }),
    onProgress: (file, done, total) => {
      if (file !== reading) {
        bar.stop();
        bar = terminal.progress(`Reading ${file}`, 'bytes');
        reading = file;
      }
      bar.update(done, total);
    },
  });
  bar.stop();
  const describe = ({ source, count: images }: ImageDataset): void => terminal.fact(source, `${count(images)} images`);
  describe(competition.train);
  describe(competition.test);
  if (competition.digMnist) describe(competition.digMnist);
  return competition;
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
  competition: Competition,
  folder: string,
): Promise<Scores> {
  const { test, testLabels, digMnist } = competition;
  const started = performance.now();
  const bar = terminal.progress('Predicting test.csv', 'images');
  const probabilities = await model.predict(samplesOf(test), { onProgress: bar.update });
  bar.stop();
  const seconds = (performance.now() - started) / 1000;
  const labels = mostLikely(probabilities, model.outputShape[0] as number);
  const file = join(folder, 'submission.csv');
  writeWhole(file, formatSubmission(test.ids as readonly string[], labels));
  terminal.fact(
    'test.csv',
    `${count(test.count)} predictions in ${duration(seconds)} (${count(test.count / seconds)} images/s)`,
  );
  terminal.fact('submission', file);
  let scores: Scores = {};
  if (testLabels) {
    const testAccuracy = accuracyOf(labels, testLabels);
    terminal.fact('test.csv', `accuracy ${percent(testAccuracy)}`);
    scores = { ...scores, testAccuracy };
  }
  if (digMnist) {
    const { accuracy } = await model.evaluate(samplesOf(digMnist));
    terminal.fact('Dig-MNIST.csv', `accuracy ${percent(accuracy)}`);
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
