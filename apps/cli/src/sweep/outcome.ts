/** What a sweep has come to: its trials in a table, the best first. A function of the trials' progress alone. */
import { join } from 'node:path';
import type { SweptTrial } from '@anke/report';
import { bestFirst, type EpochRecord, type Standing, standingOf, type Value } from '@anke/training';
import type { Trials } from './plan.js';
import { NOTHING_YET, type TrialProgress, valueAfter } from './trial.js';

/** `stopped`: others were better; `waiting`: there is more to do. */
export type TrialStateName = 'finished' | 'stopped' | 'failed' | 'waiting';

/** A trial without its epochs. */
export interface TrialOutcome extends Omit<SweptTrial, 'records'> {
  readonly state: TrialStateName;
}

export interface SweepOutcome {
  readonly standing: Standing;
  /** The best first: those that came further, then by value, then as they were begun. */
  readonly table: readonly TrialOutcome[];
  /** Undefined before a trial has a value. */
  readonly best: TrialOutcome | undefined;
  readonly recordsOf: (trial: TrialOutcome) => readonly EpochRecord[];
}

/** How each trial goes, by its hash, and why one is given up. */
export interface Knowledge {
  readonly progress: ReadonlyMap<string, TrialProgress>;
  readonly given: ReadonlyMap<string, string>;
}

export function outcomeOf({ plan, all, rungs }: Trials, { progress, given }: Knowledge): SweepOutcome {
  const { sweep } = plan;
  const progressAt = (trial: number): TrialProgress => progress.get(all[trial]?.hash ?? '') ?? NOTHING_YET;
  const valueAt = (trial: number, epochs: number): Value => {
    const value = valueAfter(progressAt(trial), epochs, sweep);
    return value === undefined && given.has(all[trial]?.hash ?? '') ? null : value;
  };
  const standing = standingOf(rungs, sweep.goal, valueAt);
  const rows = all.map((trial, i): TrialOutcome => {
    const mine = standing.rungs.flatMap((members, k) => (members.includes(i) ? (rungs[k] ?? []) : []));
    const values = mine.map(({ epochs }) => ({ epochs, value: valueAt(i, epochs) }));
    const known = values.filter((one): one is { epochs: number; value: number } => typeof one.value === 'number');
    const isFailed = values.at(-1)?.value === null;
    const isWaiting = values.length === 0 || values.at(-1)?.value === undefined;
    return {
      trial: i + 1,
      run: join('trials', trial.hash),
      state: isFailed ? 'failed' : isWaiting ? 'waiting' : known.length === rungs.length ? 'finished' : 'stopped',
      values: trial.values,
      rungs: values
        .map(({ epochs, value }) => ({ epochs, value: value ?? null }))
        .filter(({ value }) => value !== null),
      value: known.at(-1)?.value ?? null,
      reason: isFailed ? (given.get(trial.hash) ?? progressAt(i).error ?? `no epoch has a ${sweep.metric}`) : undefined,
    };
  });
  const far = rows.map((row) => row.rungs.length);
  const table = [...new Set(far)]
    .sort((a, b) => b - a)
    .flatMap((length) => {
      const same = rows.filter((row) => row.rungs.length === length);
      const order = bestFirst(
        same.map((_, i) => i),
        sweep.goal,
        (i) => same[i]?.value ?? null,
      );
      return [...order.map((i) => same[i] as TrialOutcome), ...same.filter(({ value }) => value === null)];
    });
  const best = table[0]?.value === null ? undefined : table[0];
  return { standing, table, best, recordsOf: ({ trial }) => progressAt(trial - 1).records };
}
