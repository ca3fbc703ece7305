import { Adam, SGD } from '@anke/nn';
import { type Command, Option } from 'commander';
import { DATA_KINDS, type DataOptions, dataOptions, readTraining } from '../data-sets.js';
import { type Device, openDevice, type TuningOptions } from '../device.js';
import { Interrupted, UsageError } from '../errors.js';
import { inRunFolder } from '../files.js';
import { NOTEBOOK, notebookModel } from '../notebook-model.js';
import { absolute, optionsOf } from '../resume.js';
import { count, duration, Terminal } from '../terminal.js';
import { howToGoOn, type Phase, saveRun, stopOnInterrupt, type TrainingData, trainPhases } from '../training.js';
import { type AugmentOptions, augmentOptions, generatorOf } from './augment-options.js';
import { natural, positive, positiveNumber, seed, share, tuningOptions } from './options.js';

interface Options extends TuningOptions, AugmentOptions, DataOptions {
  readonly data?: string;
  readonly resume?: string;
  readonly out?: string;
  readonly epochs: number;
  readonly optimizer: 'adam' | 'sgd';
  readonly learningRate?: number;
  readonly patience: number;
  readonly validationSplit: number;
  readonly batchSize: number;
  readonly seed: number;
  readonly json?: boolean;
}

export function addTrain(program: Command): void {
  const command = program
    .command('train')
    .description('train the notebook’s CNN with one optimizer')
    .option('--data <path>', `labelled images: ${DATA_KINDS}`)
    .option('--resume <run>', 'go on with a run that stopped, as it was begun')
    .option('--out <folder>', 'run folder; default: the next free runs/<date>-train-<n>')
    .option('--epochs <n>', 'epochs at most', natural, 20)
    .addOption(new Option('--optimizer <name>', 'optimizer').choices(['adam', 'sgd']).default('adam'))
    .option('--learning-rate <x>', 'step size; default: 0.001 for adam, 0.01 for sgd', positiveNumber)
    .option('--patience <n>', 'epochs without a better validation loss before it stops', natural, 3)
    .option('--validation-split <x>', 'share of the rows, the first ones, held out for validation', share, 0.2)
    .option('--batch-size <n>', 'images in a training step', positive, 32)
    .option('--seed <n>', 'everything random comes from it', seed, 77)
    .option('--limit <n>', 'use only the first rows', positive)
    .option('--json', 'one JSON object as the last line on stdout; all else goes to stderr');
  dataOptions(command);
  augmentOptions(command);
  tuningOptions(command)
    .addHelpText(
      'after',
      '\nExamples:\n  anke train --data data/digits --out runs/first --epochs 5 --optimizer adam\n  anke train --resume runs/first',
    )
    .action(runTrain);
}

async function runTrain(given: Options): Promise<void> {
  const started = performance.now();
  const options = optionsOf(given, 'train');
  const { data } = options;
  if (data === undefined) throw new UsageError("required option '--data <path>' not specified");
  const terminal = new Terminal(options);
  const generator = generatorOf(options);
  const { training, validation } = generator.split(await readTraining(terminal, { ...options, data }));
  const device = await openDevice(terminal, options);
  const config = { ...options, data: absolute(data), kernels: absolute(options.kernels), adapter: device.report.name };
  const augmentation = generator.augmentation(training.shape);
  await inRunFolder(options, 'train', config, (folder) =>
    trainInto(terminal, options, device, { training, validation, augmentation }, folder, started),
  );
  device.gpu.destroy();
}

async function trainInto(
  terminal: Terminal,
  options: Options,
  device: Device,
  data: TrainingData,
  folder: string,
  started: number,
): Promise<void> {
  const { training, validation } = data;
  terminal.fact('data', `${count(training.count)} images to train on, ${count(validation.count)} for validation`);
  terminal.fact('device', `${device.report.name} (${device.report.why})`);
  terminal.fact('run folder', folder);

  const model = notebookModel(training.shape, {
    seed: options.seed,
    widths: { ...NOTEBOOK, classes: training.classes },
  });
  const release = stopOnInterrupt(terminal, model);
  const rate = options.learningRate === undefined ? {} : { learningRate: options.learningRate };
  const optimizer = options.optimizer === 'adam' ? new Adam(rate) : new SGD(rate);
  terminal.say();
  const [phase] = (await trainPhases(
    terminal,
    device,
    model,
    data,
    [{ optimizer, epochs: options.epochs }],
    folder,
    options,
  )) as [Phase];
  await saveRun(folder, device, model, [phase]);
  release();
  if (model.interrupted) throw new Interrupted(howToGoOn('train', folder));
  const { writeReport } = await import('../report/report.js');
  await writeReport(terminal, device, model, data, {
    folder,
    config: options,
    phases: [phase],
    batchSize: options.batchSize,
  });

  const seconds = (performance.now() - started) / 1000;
  terminal.say(`\nDone in ${duration(seconds)}. The model and report.html are in ${folder}`);
  const best = phase.bestEpoch === undefined ? null : { epoch: phase.bestEpoch, ...phase.epochs[phase.bestEpoch - 1] };
  terminal.result({ folder, epochs: phase.epochs.length, best, seconds, adapter: device.report.name });
}
