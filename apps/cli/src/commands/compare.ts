/** `anke compare`: runs beside one another, by what their folders tell. */
import { existsSync, statSync } from 'node:fs';
import { writeWhole } from '@anke/files';
import { chartSvg, comparisonChart, count, duration, percent, renderPng } from '@anke/report';
import type { Command } from 'commander';
import colors from 'picocolors';
import { CommandError, UsageError } from '../errors.js';
import { isRun, type RunSummary, summaryOf } from '../run-summary.js';
import { showRuns } from '../run-table.js';
import { Terminal } from '../terminal.js';
import { type OutputOptions, outputOptions, writable } from './output.js';
import { byResult, figure } from './runs.js';

export function addCompare(program: Command): void {
  const command = program
    .command('compare')
    .description('set runs beside one another, the best first: their results, and the settings that they differ in')
    .argument('<runs...>', 'folders of runs');
  outputOptions(command, 'png', 'draw the curves there', 'output')
    .addHelpText('after', '\nExamples:\n  anke compare runs/first runs/second\n  anke compare runs/* --out curves.png')
    .action(runCompare);
}

async function runCompare(names: readonly string[], options: OutputOptions): Promise<void> {
  const terminal = new Terminal(options);
  const out = options.out === undefined ? undefined : writable(options.out, options);
  if (new Set(names).size !== names.length) throw new UsageError('a run is named twice');
  const runs: RunSummary[] = [];
  for (const name of names) runs.push(await readRun(name));
  runs.sort(byResult);

  showTable(terminal, runs);
  const different = differences(
    runs.map(({ recipe: { name: _, description: __, ...recipe } = {} as never }) => recipe),
  );
  if (different.length > 0) terminal.heading('Settings that differ');
  for (const { path, values } of different) {
    terminal.say(`  ${path}`);
    const keys = values.map((value) => JSON.stringify(value));
    for (const key of new Set(keys)) {
      const of = runs.filter((_, i) => keys[i] === key).map(({ run }) => run);
      terminal.say(`    ${brief(values[keys.indexOf(key)])}  ${colors.dim(of.join(', '))}`);
    }
  }
  const warning = otherImages(runs);
  if (warning !== undefined) terminal.say(`\n${colors.yellow(warning)}`);
  if (out !== undefined) {
    writeWhole(out, await renderPng(await chartSvg(comparisonChart(runs.map(curveOf)))));
    terminal.say(`\nThe curves: ${out}`);
  }
  terminal.result({
    runs: runs.map(({ run, state, best, records, seconds, scores }, i) => ({
      run,
      state,
      bestLoss: best?.val_loss,
      bestAccuracy: best?.val_accuracy,
      epochs: records.length,
      seconds,
      scores,
      options: Object.fromEntries(different.map(({ path, values }) => [path, values[i] ?? null])),
    })),
    different: different.map(({ path }) => path),
    warning,
    out,
  });
}

/** The best run comes first. */
function showTable(terminal: Terminal, runs: readonly RunSummary[]): void {
  const rows = runs.map(({ run, best, records, seconds, scores }, i) => ({
    run,
    cells: [
      figure(best?.val_loss as number),
      best?.val_accuracy === undefined ? '–' : percent(best.val_accuracy),
      String(records.length),
      duration(seconds),
    ],
    colour: i === 0 ? colors.green : undefined,
    notes: Object.entries(scores).map(([name, score]) => `${name}: accuracy ${percent(score)}`),
  }));
  showRuns(terminal, ['val_loss', 'val_accuracy', 'epochs', 'time'], rows);
}

/**
 * A run that has an epoch which was validated.
 *
 * @throws CommandError if it is none, or damaged
 */
async function readRun(run: string): Promise<RunSummary> {
  if (!existsSync(run) || !statSync(run).isDirectory())
    throw new CommandError(`${run}: there is no such folder; compare expects the folders of runs`);
  if (!isRun(run)) throw new CommandError(`${run}: there is no run in it; compare expects the folders of runs`);
  const summary = await summaryOf(run);
  if (summary.state === 'damaged') throw new CommandError(summary.reason ?? `${run}: this run is damaged`);
  if (!summary.best) throw new CommandError(`${run}: no epoch of this run was validated: there is nothing to compare`);
  return summary;
}

const curveOf = ({ run, records }: RunSummary): Parameters<typeof comparisonChart>[0][number] => ({
  run,
  epochs: records.flatMap(({ val_loss: loss, val_accuracy: accuracy }, i) =>
    loss === undefined ? [] : [{ epoch: i + 1, loss, accuracy }],
  ),
});

/** A setting that is not the same in all runs. */
interface Difference {
  /** Such as `phases.0.epochs`; of what some runs lack, or have as a list of other things, only where it begins. */
  readonly path: string;
  /** In the order of the runs. */
  readonly values: readonly unknown[];
}

function differences(values: readonly unknown[], path = ''): Difference[] {
  if (new Set(values.map((value) => JSON.stringify(value))).size === 1) return [];
  const isDeep = values.every((value) => typeof value === 'object' && value !== null);
  if (!isDeep || new Set(values.map(kindsOf)).size > 1) return [{ path, values }];
  const keys = new Set(values.flatMap((value) => Object.keys(value as object)));
  return [...keys].flatMap((key) =>
    differences(
      values.map((value) => (value as Record<string, unknown>)[key]),
      path === '' ? key : `${path}.${key}`,
    ),
  );
}

/** Types in a list of layers and the like: lists that differ in them are other things, not one with other values. */
const kindsOf = (value: unknown): string | undefined =>
  Array.isArray(value) ? value.map((one: { readonly type?: unknown } | null) => one?.type ?? '').join() : undefined;

const LONGEST = 40;

/** A phase, a layer and the like by its name or type, a list with its length; what a run does not have as a dash. */
function brief(value: unknown): string {
  if (value === undefined) return '–';
  if (Array.isArray(value)) return `${short(value.map(brief).join(', '))} (${value.length})`;
  const { name, type } = (value ?? {}) as { readonly name?: unknown; readonly type?: unknown };
  return short(String(name ?? type ?? JSON.stringify(value)));
}

const short = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);

/** What is to be said where the results are not of the same images. */
function otherImages(runs: readonly RunSummary[]): string | undefined {
  const validated = runs.flatMap(({ facts }) => (facts?.validation ? [facts.validation] : []));
  // Runs of earlier versions tell of the images that they were trained on alone.
  const known = validated.length === runs.length ? validated : runs.map(({ facts }) => facts);
  const keys = known.map((one) => JSON.stringify([one?.images, one?.pixels]));
  if (new Set(keys).size === 1) return undefined;
  const groups = [...new Set(keys)].map((key) => {
    const [first] = known.filter((_, i) => keys[i] === key);
    const of = runs.filter((_, i) => keys[i] === key).map(({ run }) => run);
    return `${of.join(', ')} (${first ? `${count(first.images)} of ${first.source}` : 'unknown'})`;
  });
  return `not validated on the same images, so the results say little: ${groups.join('; ')}`;
}
