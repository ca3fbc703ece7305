/** `anke runs`: the runs of a folder, the best first. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { percent } from '@anke/report';
import type { Command } from 'commander';
import colors from 'picocolors';
import { CommandError } from '../errors.js';
import { isRun, type RunState, type RunSummary, summaryOf } from '../run-summary.js';
import { showRuns } from '../run-table.js';
import { Terminal } from '../terminal.js';
import type { AnswerOptions } from './output.js';

export function addRuns(program: Command): void {
  program
    .command('runs')
    .description('list runs, the best first: what they came to, how many epochs, when, and whether they have ended')
    .argument('[folder]', 'a folder of runs', 'runs')
    .addHelpText(
      'after',
      `
The result is the validation accuracy, or else the validation loss, of the epoch with the least validation loss.

  finished      it has come to its end
  interrupted   it can go on: anke train --resume RUN
  running       a process is at work on it
  diverged      its loss has left all bounds, or was no number any more
  damaged       what was read here is not what the run has written: anke check RUN
  imported      no training: a model of weights from elsewhere

Examples:
  anke runs
  anke runs experiments --json`,
    )
    .action(runRuns);
}

async function runRuns(folder: string, options: AnswerOptions): Promise<void> {
  const terminal = new Terminal(options);
  if (!existsSync(folder) || !statSync(folder).isDirectory())
    throw new CommandError(`${folder}: there is no such folder; "anke train" makes runs, and runs/ to hold them`);
  const names = readdirSync(folder).filter((name) => !name.startsWith('.'));
  const paths = isRun(folder) ? [folder] : names.map((name) => join(folder, name)).filter(isRun);
  if (paths.length === 0) throw new CommandError(`${folder}: there is no run in it`);
  const runs: RunSummary[] = [];
  for (const path of paths) runs.push(await summaryOf(path));
  runs.sort(byResult);
  const rows = runs.map((one) => ({
    run: one.run,
    cells: [resultOf(one), String(one.records.length), dateOf(one), one.state],
    colour: COLORS[one.state],
    notes: one.reason === undefined ? [] : [one.reason],
  }));
  showRuns(terminal, ['result', 'epochs', 'date', 'state'], rows);
  terminal.result({
    runs: runs.map(({ run, state, reason, date, records, best, seconds, scores }) => ({
      run,
      state,
      reason,
      date,
      epochs: records.length,
      best: best ?? null,
      seconds,
      scores,
    })),
  });
}

const COLORS: Readonly<Partial<Record<RunState, (text: string) => string>>> = {
  running: colors.cyan,
  interrupted: colors.yellow,
  diverged: colors.red,
  damaged: colors.red,
};

/** 2026-11-28 05:02, in this place's time */
function dateOf({ date }: RunSummary): string {
  const when = new Date(date);
  return new Date(when.getTime() - 60_000 * when.getTimezoneOffset()).toISOString().slice(0, 16).replace('T', ' ');
}

/** «97.50%», or «loss 0.0312» */
export function resultOf({ best }: RunSummary): string {
  if (!best) return '–';
  return best.val_accuracy === undefined ? `loss ${figure(best.val_loss)}` : percent(best.val_accuracy);
}

/** A loss in few columns, also one of a training that has diverged. */
export const figure = (loss: number): string => (Math.abs(loss) < 1e4 ? loss.toFixed(4) : loss.toExponential(2));

/** Those with an accuracy first, the higher before the lower; then the others by their loss. */
export function byResult({ best: a, run }: RunSummary, { best: b, run: other }: RunSummary): number {
  const accuracy = (b?.val_accuracy ?? -1) - (a?.val_accuracy ?? -1);
  const loss = (a?.val_loss ?? Number.MAX_VALUE) - (b?.val_loss ?? Number.MAX_VALUE);
  return accuracy || loss || run.localeCompare(other);
}
