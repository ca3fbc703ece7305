/** `anke bench accuracy`: how long a recipe trains until its validation accuracy is what was asked for. */
import { existsSync } from 'node:fs';
import type { ImageDataset } from '@anke/data';
import { count, duration, percent, timesOf } from '@anke/report';
import {
  checkPhases,
  didYouMean,
  makeModel,
  memoryStore,
  type ResolvedRecipe,
  train,
  trainingDataOf,
} from '@anke/training';
import type { Command } from 'commander';
import { EnergyMeter } from '../bench/energy.js';
import { dataOptions, readTraining } from '../data-sets.js';
import { type Device, deviceLine, openDevice } from '../device.js';
import { CommandError, UsageError } from '../errors.js';
import { Terminal } from '../terminal.js';
import { TrainingView } from '../training/view.js';
import { operands } from './operands.js';
import { GROUP, positive, seed, share, sizeOptions, tuningOptions } from './options.js';
import { type RecipeOptions, recipeOf, settingOption, trainingData } from './recipe-options.js';

interface Options extends RecipeOptions {
  readonly to: number;
  readonly seeds: number;
}

export function addBenchAccuracy(bench: Command): void {
  // "anke bench --to 0.97" means this one.
  const command = operands(bench.command('accuracy', { isDefault: true }), [
    trainingData('; needed unless the recipe names them'),
  ])
    .description('time how long a recipe trains until its validation accuracy is reached')
    .optionsGroup(GROUP.measurement)
    .option('--to <x>', 'validation accuracy to reach', share, 0.97)
    .option('--seeds <n>', 'train with so many seeds, and tell the median', positive, 1)
    .option('--seed <n>', 'the first seed; the recipe’s if absent', seed)
    .optionsGroup(GROUP.model)
    .option('--recipe <name>', 'data, layers and phases: a built-in one, or a JSON or TypeScript file', 'notebook')
    .addOption(settingOption());
  sizeOptions(command)
    .optionsGroup(GROUP.data)
    .option('--limit <n>', 'use only the first rows of the training data', positive);
  tuningOptions(dataOptions(command))
    .addHelpText(
      'after',
      `
Seconds are those of training and validation. Choosing and compiling kernels, which later runs need not do, is told
apart. An accuracy is looked at when an epoch ends. Nothing is written.

Examples:
  anke bench accuracy Kannada-MNIST.zip
  anke bench accuracy data/digits --to 0.99 --recipe fast --seeds 3`,
    )
    .action(() => {
      refuseMistyped(bench, command);
      return runBenchAccuracy(command.opts());
    });
}

/** As this is the usual command of `anke bench`, the name of another one that is mistyped is read as data. */
function refuseMistyped(bench: Command, command: Command): void {
  const [word] = command.args;
  if (word === undefined || bench.args.includes(command.name()) || existsSync(word)) return;
  const names = bench.commands.map((one) => one.name());
  throw new UsageError(`there is no command "bench ${word}"${didYouMean(word, names)}, and no such file or folder`);
}

/** What one seed came to. */
interface Attempt {
  readonly seed: number;
  /** Whether the accuracy was reached; if not, what is told is told of the whole training. */
  readonly reached: boolean;
  /** The last epoch's, or the best one's where it was not reached. */
  readonly accuracy: number;
  readonly seconds: number;
  /** Seconds in which kernels were chosen and compiled, besides. */
  readonly preparation: number;
  readonly epochs: number;
  readonly images: number;
  readonly joules?: number;
}

async function runBenchAccuracy(options: Options): Promise<void> {
  const terminal = new Terminal(options);
  const recipe = await recipeOf(options);
  const { path, ...reading } = recipe.data;
  if (path === undefined) throw new UsageError('<data> is missing: which images are to be trained on?');
  const read = await readTraining(terminal, { ...options, ...reading, data: path });
  const device = await openDevice(terminal, options);
  terminal.fact('adapter', deviceLine(device.report));
  terminal.fact('recipe', `${recipe.name}, to a validation accuracy of ${percent(options.to)}`);
  const attempts: Attempt[] = [];
  for (let i = 0; i < options.seeds; i++) {
    const seeded = { ...recipe, seed: (recipe.seed + i) % 2 ** 32 };
    const attempt = await trainTo(options.to, seeded, { terminal, device, ...read });
    attempts.push(attempt);
    terminal.fact(`seed ${attempt.seed}`, wordsOf(attempt));
  }
  device.gpu.destroy();
  const missed = attempts.filter(({ reached }) => !reached);
  const medians = missed.length === 0 ? mediansOf(attempts) : undefined;
  if (medians && attempts.length > 1) terminal.fact('median', wordsOf(medians));
  terminal.result({ adapter: device.report.name, recipe: recipe.name, to: options.to, attempts, median: medians });
  if (missed.length > 0) {
    const seeds = missed.map((attempt) => attempt.seed).join(', ');
    throw new CommandError(`a validation accuracy of ${percent(options.to)} was not reached with seed ${seeds}`);
  }
}

interface Bench {
  readonly terminal: Terminal;
  readonly device: Device;
  readonly train: ImageDataset;
  readonly validation: ImageDataset | undefined;
}

/** Trains a recipe until an epoch ends with the accuracy, or to its end. */
async function trainTo(accuracy: number, recipe: ResolvedRecipe, bench: Bench): Promise<Attempt> {
  const { terminal, device } = bench;
  const data = trainingDataOf(recipe, bench.train, bench.validation);
  const { shape: inputShape, classes, count: all } = data.training;
  const model = makeModel(recipe.layers, { seed: recipe.seed, inputShape, classes, images: data.training });
  checkPhases(recipe, model, classes);
  const imagesInEpoch = recipe.stepsPerEpoch === undefined ? all : recipe.stepsPerEpoch * recipe.batchSize;
  const view = new TrainingView(terminal, recipe, imagesInEpoch);
  const training = { gpu: device.gpu, device: device.report.name, model, data, recipe, store: memoryStore() };
  const energy = new EnergyMeter();
  let epochs = 0;
  let best = 0;
  let preparation = 0;
  const started = performance.now();
  let phaseBegan = started;
  try {
    for await (const event of train(training)) {
      view.show(event);
      if (event.type === 'phase') phaseBegan = performance.now();
      if (event.type === 'memory') preparation += performance.now() - phaseBegan;
      if (event.type !== 'epoch') continue;
      epochs++;
      energy.joules();
      best = Math.max(best, accuracyOf(event.record, recipe));
      if (best >= accuracy) break;
    }
  } finally {
    view.close();
    model.destroy();
  }
  const joules = energy.joules();
  return {
    seed: recipe.seed,
    reached: best >= accuracy,
    accuracy: best,
    seconds: (performance.now() - started - preparation) / 1000,
    preparation: preparation / 1000,
    epochs,
    images: epochs * imagesInEpoch,
    ...(joules === undefined ? {} : { joules }),
  };
}

/** 0 in an epoch that is not validated. */
function accuracyOf(record: Readonly<Record<string, number | undefined>>, recipe: ResolvedRecipe): number {
  if (record['accuracy'] === undefined)
    throw new CommandError(`${recipe.name}: there is no accuracy among its metrics, so none can be reached`);
  return record['val_accuracy'] ?? 0;
}

function mediansOf(attempts: readonly Attempt[]): Omit<Attempt, 'seed' | 'reached'> {
  const median = (value: (attempt: Attempt) => number): number => timesOf(attempts.map(value)).median;
  const isCounted = attempts.every(({ joules }) => joules !== undefined);
  return {
    accuracy: median((attempt) => attempt.accuracy),
    seconds: median(({ seconds }) => seconds),
    preparation: median((attempt) => attempt.preparation),
    epochs: median(({ epochs }) => epochs),
    images: median(({ images }) => images),
    ...(isCounted ? { joules: median(({ joules = 0 }) => joules) } : {}),
  };
}

function wordsOf({
  accuracy,
  seconds,
  preparation,
  epochs,
  images,
  joules,
}: Omit<Attempt, 'seed' | 'reached'>): string {
  const energy = joules === undefined ? '' : `, ${count(joules)} J`;
  const work = `${count(epochs)} ${epochs === 1 ? 'epoch' : 'epochs'}, ${count(images)} images${energy}`;
  return `${percent(accuracy)} in ${duration(seconds)}: ${work}; ${duration(preparation)} of preparation besides`;
}
