import type { Command } from 'commander';
import { readTraining } from '../data-sets.js';
import { type Device, openDevice } from '../device.js';
import { Interrupted, UsageError } from '../errors.js';
import { inRunFolder } from '../files.js';
import { makeModel } from '../recipe/make.js';
import type { ResolvedRecipe } from '../recipe/schema.js';
import { configOf, optionsOf, recipeOfRun } from '../resume.js';
import { count, duration, Terminal } from '../terminal.js';
import { howToGoOn, saveRun, stopOnInterrupt, type TrainingData, trainPhases } from '../training.js';
import { generatorOf } from './augment-options.js';
import { natural } from './options.js';
import { phaseOptions, type RecipeOptions, recipeOf, recipeOptions } from './recipe-options.js';

export function addTrain(program: Command): void {
  const command = program.command('train').description('train a CNN: the notebook’s, or one of your own recipe');
  phaseOptions(recipeOptions(command, 'cnn'), natural)
    .option('--json', 'one JSON object as the last line on stdout; all else goes to stderr')
    .addHelpText(
      'after',
      `
Options that are not given are the recipe’s; --epochs, --optimizer, --learning-rate and --patience hold for each of its phases.

Examples:
  anke train --data data/digits --out runs/first --epochs 5
  anke train --recipe mine.json --set phases.0.optimizer.momentum=0.9
  anke train --resume runs/first`,
    )
    .action(runTrain);
}

async function runTrain(given: RecipeOptions): Promise<void> {
  const started = performance.now();
  const options = optionsOf(given, 'train');
  const recipe = options.resume === undefined ? await recipeOf(options) : await recipeOfRun(options.resume);
  const { path: data, validationSplit, ...reading } = recipe.data;
  if (data === undefined) throw new UsageError('--data is missing: which images are to be trained on?');
  const terminal = new Terminal(options);
  const generator = generatorOf(recipe.augmentation, validationSplit);
  const images = await readTraining(terminal, { ...options, ...reading, data });
  const { training, validation } = generator.split(images);
  // A model that cannot be is refused before a device is looked for.
  makeModel(recipe.layers, { seed: recipe.seed, inputShape: training.shape, classes: training.classes });
  const device = await openDevice(terminal, options);
  const augmentation = generator.augmentation(training.shape);
  const run = { config: configOf('train', options, device), recipe };
  await inRunFolder(options, recipe.name, run, (folder) =>
    trainInto(terminal, recipe, device, { training, validation, augmentation }, folder, started),
  );
  device.gpu.destroy();
}

async function trainInto(
  terminal: Terminal,
  recipe: ResolvedRecipe,
  device: Device,
  data: TrainingData,
  folder: string,
  started: number,
): Promise<void> {
  const { training, validation } = data;
  terminal.fact('recipe', recipe.name);
  terminal.fact('data', `${count(training.count)} images to train on, ${count(validation.count)} for validation`);
  terminal.fact('device', `${device.report.name} (${device.report.why})`);
  terminal.fact('run folder', folder);

  const { layers, seed } = recipe;
  const model = makeModel(layers, { seed, inputShape: training.shape, classes: training.classes });
  const release = stopOnInterrupt(terminal, model);
  const phases = await trainPhases(terminal, device, model, data, recipe, folder);
  await saveRun(folder, device, model, phases);
  release();
  if (model.interrupted) throw new Interrupted(howToGoOn('train', folder));
  const { writeReport } = await import('../report/report.js');
  await writeReport(terminal, device, model, data, { folder, recipe, phases });

  const seconds = (performance.now() - started) / 1000;
  terminal.say(`\nDone in ${duration(seconds)}. The model and report.html are in ${folder}`);
  const { epochs = [], bestEpoch } = phases.at(-1) ?? {};
  const best = bestEpoch === undefined ? null : { epoch: bestEpoch, ...epochs[bestEpoch - 1] };
  const total = phases.reduce((sum, phase) => sum + phase.epochs.length, 0);
  terminal.result({ folder, epochs: total, best, seconds, adapter: device.report.name });
}
