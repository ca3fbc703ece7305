/** `anke compare`: runs beside one another, by what their folders tell. */

import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '@anke/files';
import { type ComparedRun, chartSvg, comparisonChart, duration, percent, renderPng } from '@anke/report';
import { checkRecipe, HISTORY_FILE, parseHistory, readText } from '@anke/training';
import type { Command } from 'commander';
import colors from 'picocolors';
import { CommandError, UsageError } from '../errors.js';
import { parseJson } from '../json.js';
import { readScores } from '../results.js';
import { fromRun, RECIPE_FILE } from '../run-files.js';
import { Terminal } from '../terminal.js';

interface Options {
  readonly output: string;
  readonly json?: boolean;
}

export function addCompare(program: Command): void {
  program
    .command('compare')
    .description('set runs beside one another: a table, and their curves in one picture')
    .argument('<runs...>', 'folders of runs')
    .option('--output <png>', 'where to draw the curves', 'comparison.png')
    .option('--json', 'one JSON object as the last line on stdout; all else goes to stderr')
    .addHelpText('after', '\nExample:\n  anke compare runs/first runs/second --output both.png')
    .action(runCompare);
}

/** A run as its history tells it. */
export interface RunSummary {
  readonly run: string;
  /** All epochs of all phases that were validated, one after the other. */
  readonly epochs: ComparedRun['epochs'];
  /** Epochs of all phases. */
  readonly trained: number;
  readonly bestLoss: number;
  /** Of the epoch with the best loss; undefined if the run has not measured it. */
  readonly bestAccuracy?: number | undefined;
  readonly seconds: number;
  /** Accuracies on other images than those of validation, by their name. */
  readonly scores: Readonly<Record<string, number>>;
  /** What its recipe says, by path. */
  readonly recipe: Readonly<Record<string, unknown>>;
}

/** What two runs may differ in without being different experiments. */
const INCIDENTAL = ['name', 'description'];

async function runCompare(runs: readonly string[], options: Options): Promise<void> {
  const terminal = new Terminal(options);
  if (new Set(runs).size !== runs.length) throw new UsageError('a run is named twice');
  const summaries: RunSummary[] = [];
  for (const run of runs) summaries.push(await readRun(run));
  const names = [...new Set(summaries.flatMap(({ recipe: own }) => Object.keys(own)))];
  const different = names.filter(
    (name) => new Set(summaries.map(({ recipe: own }) => JSON.stringify(own[name]))).size > 1,
  );

  const width = Math.max(...runs.map((run) => run.length), 3);
  terminal.say(colors.dim(`${'run'.padEnd(width)}  val_loss  val_accuracy  epochs       time`));
  const least = Math.min(...summaries.map(({ bestLoss }) => bestLoss));
  for (const { run, bestLoss, bestAccuracy, trained, seconds, scores, recipe: own } of summaries) {
    const cells = [
      bestLoss.toFixed(4).padStart(8),
      (bestAccuracy === undefined ? '–' : percent(bestAccuracy)).padStart(12),
      String(trained).padStart(6),
      duration(seconds).padStart(9),
    ];
    const line = `${run.padEnd(width)}  ${cells.join('  ')}`;
    terminal.say(bestLoss === least ? colors.green(line) : line);
    for (const [name, score] of Object.entries(scores))
      terminal.say(colors.dim(`${' '.repeat(width)}  ${name}: accuracy ${percent(score)}`));
    for (const name of different.filter((one) => own[one] !== undefined)) {
      terminal.say(colors.dim(`${' '.repeat(width)}  ${name}: ${JSON.stringify(own[name])}`));
    }
  }
  writeWhole(options.output, await renderPng(await chartSvg(comparisonChart(summaries))));
  terminal.say(`\nThe curves: ${options.output}`);
  terminal.result({
    runs: summaries.map(({ epochs: _, trained: epochs, recipe, ...rest }) => ({
      ...rest,
      epochs,
      options: Object.fromEntries(different.map((name) => [name, recipe[name] ?? null])),
    })),
    different,
  });
}

/** { phases: [{ epochs: 5 }] } as { 'phases.0.epochs': 5 } */
const flat = (value: object, before = ''): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(value).flatMap(([key, one]) =>
      typeof one === 'object' && one !== null
        ? Object.entries(flat(one, `${before}${key}.`))
        : [[`${before}${key}`, one]],
    ),
  );

/** @throws CommandError if the folder holds no run that has come to its end */
async function readRun(run: string): Promise<RunSummary> {
  if (!existsSync(run) || !statSync(run).isDirectory())
    throw new CommandError(`${run}: there is no such folder; compare expects the folders of runs`);
  const [rows, recipe, scores] = await fromRun(run, async (store) => {
    const read = async (name: string): Promise<string> => {
      const text = await readText(store, name);
      if (text !== undefined) return text;
      throw new CommandError(`${run}: there is no ${name} in it; compare expects runs that have come to their end`);
    };
    const path = join(run, RECIPE_FILE);
    return [
      parseHistory(await read(HISTORY_FILE)),
      await checkRecipe(parseJson(path, await read(RECIPE_FILE)), path),
      await readScores(store),
    ] as const;
  });
  const epochs = rows.flatMap(({ record: { val_loss: loss, val_accuracy: accuracy } }, i) =>
    loss === undefined ? [] : [{ epoch: i + 1, loss, accuracy }],
  );
  if (epochs.length === 0) throw new CommandError(`${join(run, HISTORY_FILE)}: it tells of no epoch`);
  const best = epochs.reduce((least, epoch) => (epoch.loss < least.loss ? epoch : least));
  return {
    run,
    epochs,
    trained: rows.length,
    bestLoss: best.loss,
    bestAccuracy: best.accuracy,
    seconds: rows.reduce((sum, { record }) => sum + record.seconds, 0),
    scores,
    recipe: Object.fromEntries(Object.entries(flat(recipe)).filter(([path]) => !INCIDENTAL.includes(path))),
  };
}
