/** What people see of a sweep: a table that stays below all lines in a terminal, or a line a trial elsewhere. */
import { duration, quantity } from '@anke/report';
import colors from 'picocolors';
import { tableLines } from '../table.js';
import type { Terminal } from '../terminal.js';
import type { SweepOutcome, TrialOutcome } from './outcome.js';
import type { Trials } from './plan.js';

/** Trials that a live table shows. */
const SHOWN = 5;
/** Milliseconds between two drawings of it. */
const PERIOD = 500;

/** A trial under way. */
export interface Running {
  /** Its number from 0. */
  readonly trial: number;
  /** That it has done, and is to come to. */
  readonly done: number;
  readonly epochs: number;
}

export class SweepView {
  readonly #started = performance.now();
  readonly #timer: NodeJS.Timeout;
  #outcome: SweepOutcome | undefined;
  #running: () => readonly Running[] = () => [];
  /** Epochs that were done before this process began. */
  #before: number | undefined;

  constructor(
    readonly terminal: Terminal,
    readonly trials: Trials,
  ) {
    this.#timer = setInterval(() => this.#draw(), PERIOD);
    this.#timer.unref();
  }

  update(outcome: SweepOutcome, running: () => readonly Running[]): void {
    this.#outcome = outcome;
    this.#running = running;
    this.#before ??= epochsIn(outcome);
    this.#draw();
  }

  /** A trial has come to the end of a rung. */
  came(row: TrialOutcome, best: TrialOutcome | undefined): void {
    const { metric } = this.trials.plan.sweep;
    const last = row.rungs.at(-1);
    const some = last?.epochs === 1 ? '1 epoch' : `${last?.epochs} epochs`;
    const what = last ? `${some}  ${metric} ${quantity(metric, last.value ?? undefined)}` : 'no result';
    const which = best ? colors.dim(`  best: ${quantity(metric, best.value ?? undefined)} (trial ${best.trial})`) : '';
    const width = String(this.trials.all.length).length;
    this.terminal.say(`trial ${String(row.trial).padStart(width)}  ${what}${which}`);
    if (row.reason !== undefined) this.terminal.say(colors.red(`  ${row.reason}`));
  }

  close(): void {
    clearInterval(this.#timer);
    this.terminal.footer([]);
  }

  #draw(): void {
    const outcome = this.#outcome;
    if (!outcome || !this.terminal.shows(60)) return;
    const shown = outcome.table.filter(({ value }) => value !== null).slice(0, SHOWN);
    const rows = shown.length > 0 ? sweepLines(this.trials, shown) : [];
    const now = this.#running().map(({ trial, done, epochs }) => `${trial + 1} (epoch ${done} of ${epochs})`);
    const left = this.#left(outcome);
    const lines = [
      '',
      ...rows.map((line, i) => (i === 0 ? colors.dim(line) : line)),
      `running: ${now.join(', ') || 'none'}`,
      left === undefined ? '' : `${duration(left)} left, about`,
    ];
    // What is longer than the terminal is wide would take two lines, and only one would go away.
    this.terminal.footer(
      lines.map((line) => (line.length > this.terminal.columns ? cut(line, this.terminal.columns) : line)),
    );
  }

  /** Seconds that all epochs which may still come will take, by the rate so far. */
  #left(outcome: SweepOutcome): number | undefined {
    const seconds = (performance.now() - this.#started) / 1000;
    const done = epochsIn(outcome);
    const fresh = done - (this.#before ?? 0) + this.#running().reduce((sum, one) => sum + one.done, 0);
    const all = plannedEpochs(this.trials);
    return fresh <= 0 ? undefined : (Math.max(0, all - (this.#before ?? 0) - fresh) * seconds) / fresh;
  }
}

const cut = (line: string, width: number): string => `${line.slice(0, width - 1)}…`;

/** Epochs behind the values that are known. */
const epochsIn = ({ table }: SweepOutcome): number =>
  table.reduce((sum, { rungs }) => sum + (rungs.at(-1)?.epochs ?? 0), 0);

/** Epochs of all trials, if none fails or stops by itself. */
function plannedEpochs(trials: Trials): number {
  let before = 0;
  let all = 0;
  for (const { epochs, trials: some } of trials.rungs) {
    all += some * (epochs - before);
    before = epochs;
  }
  return all;
}

/** Trials as a table: number, result, epochs, and the values that they try. */
export function sweepLines({ plan, all }: Trials, rows: readonly TrialOutcome[]): string[] {
  const { metric } = plan.sweep;
  const paths = Object.keys(all[0]?.values ?? {});
  const header = ['trial', metric, 'epochs', 'state', ...paths.map(shortPath)];
  const body = rows.map(({ trial, value, rungs, state, values }) => [
    String(trial),
    value === null ? '–' : quantity(metric, value),
    String(rungs.at(-1)?.epochs ?? 0),
    state,
    ...paths.map((path) => shortValue(values[path])),
  ]);
  return tableLines([header, ...body]);
}

/** `phases.0.optimizer.learningRate`: learningRate */
export const shortPath = (path: string): string => path.split('.').at(-1) ?? path;

const shortValue = (value: unknown): string => {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 24 ? `${text.slice(0, 23)}…` : text;
};
