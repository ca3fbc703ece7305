/** `anke train`: trains a recipe on labelled images. */
import { count } from '@anke/report';
import { splitText, trainingDataOf } from '@anke/training';
import type { Command } from 'commander';
import { readTraining } from '../data-sets.js';
import { deviceLine } from '../device.js';
import { UsageError } from '../errors.js';
import { bestOf } from '../results.js';
import { sayEnd } from '../training/ending.js';
import { writeReport } from '../training/report.js';
import { requestOf, runTraining, type TrainedRun } from '../training/run.js';
import { operands } from './operands.js';
import { phaseOptions, type RecipeOptions, recipeOptions, runOptions, trainingData } from './recipe-options.js';

export function addTrain(program: Command): void {
  const command = operands(program.command('train'), [
    trainingData('; needed unless the recipe names them, or --resume a run'),
  ]).description('train a CNN: the notebook’s, or one of your own recipe');
  runOptions(recipeOptions(phaseOptions(command), 'cnn'))
    .addHelpText(
      'after',
      `
Options that are not given are the recipe’s; --epochs, --optimizer, --learning-rate and --patience hold for each of its
phases.

Examples:
  anke train data/digits --epochs 5 --out runs/first
  anke train data/digits --recipe mine.json --set phases.0.optimizer.momentum=0.9
  anke train data/photos --from runs/first --partial --freeze-until dense
  anke train --resume runs/first --epochs 10`,
    )
    .action(() => runTrain(command.opts()));
}

async function runTrain(given: RecipeOptions): Promise<void> {
  const started = performance.now();
  const asked = await requestOf(given, 'train');
  const { terminal, options, recipe } = asked;
  const { path, validationSplit: _, ...reading } = recipe.data;
  if (path === undefined) throw new UsageError('<data> is missing: which images are to be trained on?');
  const read = await readTraining(terminal, { ...options, ...reading, data: path });
  const data = trainingDataOf(recipe, read.train, read.validation);
  const { training, validation } = data;
  await runTraining(asked, data, {
    begin: ({ device, folder }) => {
      terminal.fact('recipe', recipe.name);
      const held = read.validation ? '' : ` (${splitText(recipe.data)})`;
      const counts = `${count(training.count)} images to train on, ${count(validation.count)} for validation`;
      terminal.fact('data', `${counts}${held}`);
      terminal.fact('device', deviceLine(device.report));
      terminal.fact('run folder', folder);
    },
    end: (run) => conclude(run, started),
  });
}

/** Tells what came of the training. */
async function conclude(run: TrainedRun, started: number): Promise<void> {
  const { terminal, device, folder, phases } = run;
  await writeReport(run, { started });
  const seconds = (performance.now() - started) / 1000;
  sayEnd(run, 'train', started);
  const total = phases.reduce((sum, phase) => sum + phase.epochs.length, 0);
  terminal.result({ folder, epochs: total, best: bestOf(phases), seconds, adapter: device.report.name });
}
