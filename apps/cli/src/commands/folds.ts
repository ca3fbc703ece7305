/**
 * `anke folds`: a recipe trained once for each fold of writers, so that recipes can be chosen between without images
 * for testing. Each fold is a run like any other, in a folder of its own.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { duration, percent } from '@anke/report';
import { type ResolvedRecipe, splitText, trainingDataOf } from '@anke/training';
import type { Command } from 'commander';
import { readTraining } from '../data-sets.js';
import { CommandError, UsageError } from '../errors.js';
import { recipeOfRun } from '../resume.js';
import { hasProgress, RECIPE_FILE } from '../run-files.js';
import { type RunSummary, summaryOf } from '../run-summary.js';
import { tableLines } from '../table.js';
import { writeReport } from '../training/report.js';
import { type Request, requestOf, runTraining } from '../training/run.js';
import { operands } from './operands.js';
import { outOption } from './output.js';
import { phaseOptions, type RecipeOptions, recipeOptions, trainingData } from './recipe-options.js';

export function addFolds(program: Command): void {
  const command = operands(program.command('folds'), [
    trainingData('; needed unless the recipe names them'),
  ]).description('train a recipe once for each fold of writers, and tell the mean and the spread of the validations');
  recipeOptions(phaseOptions(command), 'cnn');
  outOption(command, 'folder', 'where the runs go, one a fold; those that are there already are gone on with')
    .addHelpText(
      'after',
      `
Examples:
  anke folds data/digits --validation writers:5 --recipe mine.json --out runs/mine-folds
  anke compare runs/mine-folds/*`,
    )
    .action(() => runFolds(command.opts()));
}

async function runFolds(given: RecipeOptions): Promise<void> {
  const { out } = given;
  if (out === undefined) throw new UsageError('--out is missing: a folder for the runs of the folds');
  const asked = await requestOf(given, 'train');
  const { terminal, recipe, options } = asked;
  const { path, validationSplit: _, writers, ...reading } = recipe.data;
  if (!writers) throw new UsageError('--validation is missing: writers:5 parts the writers into five folds');
  if (path === undefined) throw new UsageError('<data> is missing: which images are to be trained on?');
  const folds = Array.from({ length: writers.folds }, (__, i) => ({
    folder: join(out, `fold-${i + 1}`),
    recipe: { ...recipe, data: { ...recipe.data, writers: { ...writers, fold: i + 1 } } },
  }));
  for (const { folder, recipe: wanted } of folds) if (existsSync(folder)) await requireRecipe(folder, wanted);
  const read = await readTraining(terminal, { ...options, ...reading, data: path });
  // What cannot be parted is told before the first fold has been trained.
  const parts = folds.map((fold) => ({ ...fold, data: trainingDataOf(fold.recipe, read.train, read.validation) }));
  const summaries: RunSummary[] = [];
  for (const { folder, recipe: own, data } of parts) {
    terminal.heading(`${splitText(own.data)}: ${folder}`);
    const begun = existsSync(folder) ? await summaryOf(folder) : undefined;
    if (begun?.state === 'finished') terminal.say('finished already');
    else {
      const started = performance.now();
      const request: Request = hasProgress(folder)
        ? await requestOf({ ...given, resume: folder }, 'train')
        : { ...asked, options: { ...options, out: folder }, recipe: own };
      await runTraining(request, data, { begin: () => undefined, end: (run) => writeReport(run, { started }) });
    }
    summaries.push(await summaryOf(folder));
  }
  terminal.heading('Validation by fold');
  const spread = spreadOf(summaries);
  for (const line of tableLines(rowsOf(summaries, spread))) terminal.say(line);
  terminal.result({
    out,
    folds: summaries.map(({ run, best, records }) => ({ run, epochs: records.length, ...best })),
    ...spread,
  });
}

/** @throws CommandError if a folder does not hold a run of this recipe */
async function requireRecipe(folder: string, wanted: ResolvedRecipe): Promise<void> {
  const isRun = existsSync(join(folder, RECIPE_FILE));
  if (isRun && JSON.stringify(await recipeOfRun(folder)) === JSON.stringify(wanted)) return;
  const found = isRun ? 'the run in it is that of another recipe, or of other options' : 'there is no run in it';
  throw new CommandError(`${folder}: ${found}; name another folder with --out`);
}

/** Over the folds, of their epochs with the least validation loss. */
interface Spread {
  readonly meanLoss: number;
  readonly meanAccuracy?: number | undefined;
  /** Sample standard deviation of the accuracies: √(Σ (x − mean)² / (folds − 1)). */
  readonly deviation?: number | undefined;
}

function spreadOf(summaries: readonly RunSummary[]): Spread {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const losses = summaries.map(({ best }) => best?.val_loss ?? Number.NaN);
  const accuracies = summaries.flatMap(({ best }) => best?.val_accuracy ?? []);
  if (accuracies.length < summaries.length) return { meanLoss: mean(losses) };
  const meanAccuracy = mean(accuracies);
  const squares = accuracies.reduce((sum, accuracy) => sum + (accuracy - meanAccuracy) ** 2, 0);
  return { meanLoss: mean(losses), meanAccuracy, deviation: Math.sqrt(squares / (accuracies.length - 1)) };
}

function rowsOf(summaries: readonly RunSummary[], { meanLoss, meanAccuracy, deviation }: Spread): string[][] {
  const share = (value: number | undefined): string => (value === undefined ? '–' : percent(value));
  return [
    ['fold', 'val_loss', 'val_accuracy', 'epochs', 'time'],
    ...summaries.map(({ best, records, seconds }, i) => [
      String(i + 1),
      best?.val_loss.toFixed(4) ?? '–',
      share(best?.val_accuracy),
      String(records.length),
      duration(seconds),
    ]),
    ['mean', meanLoss.toFixed(4), share(meanAccuracy), '', ''],
    ...(deviation === undefined ? [] : [['deviation', '', share(deviation), '', '']]),
  ];
}
