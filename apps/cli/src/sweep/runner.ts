/**
 * Runs a sweep's trials, some at once. What is to be done next follows from the trials' folders alone, so that a sweep
 * which was killed goes on as if it had not been.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { isHeld } from '@anke/files';
import { LOCK } from '../run-folder.js';
import { startWorker, type WorkerProcess } from '../worker-process.js';
import { type Knowledge, outcomeOf, type SweepOutcome } from './outcome.js';
import type { Trials } from './plan.js';
import { progressOf, type Trial, type TrialProgress, valueAfter, wordsFor } from './trial.js';
import type { Running, SweepView } from './view.js';

/** Attempts of a trial that bring it no epoch further. */
const ATTEMPTS = 2;
/** Milliseconds that a process may take which another sweep, since killed, has started in a trial's folder. */
const PATIENCE = 120_000;

export interface SweepRun {
  readonly folder: string;
  readonly trials: Trials;
  readonly workers: number;
  readonly kernels: string | undefined;
  readonly view: SweepView;
  /** Ends it; trials under way save what there is. */
  readonly signal: AbortSignal;
  /** Is told at the beginning, and after each trial that has come to the end of a rung. */
  readonly onChange: (outcome: SweepOutcome) => void;
}

/** What is under way. */
interface Job extends Running {
  done: number;
  process: WorkerProcess | undefined;
}

/** Runs until there is nothing left to do, or the signal ends it. */
export async function runTrials(run: SweepRun): Promise<SweepOutcome> {
  const { folder, trials, workers, view, signal, onChange } = run;
  const progress = new Map<string, TrialProgress>();
  const given = new Map<string, string>();
  const knowledge: Knowledge = { progress, given };
  const jobs = new Map<number, Job>();
  const running = (): readonly Running[] => [...jobs.values()];
  const learn = async ({ hash }: Trial): Promise<TrialProgress> => {
    const found = await progressOf(join(folder, 'trials', hash));
    progress.set(hash, found);
    return found;
  };
  for (const trial of trials.all) await learn(trial);
  // Of a search by the clock, those that were begun earlier.
  while (existsSync(join(folder, 'trials', trials.all.at(-1)?.hash ?? '')) && (await trials.next()))
    await learn(trials.all.at(-1) as Trial);
  const interrupt = (): void => {
    for (const { process } of jobs.values()) process?.interrupt();
  };
  signal.addEventListener('abort', interrupt);
  onChange(outcomeOf(trials, knowledge));
  const pending = new Map<number, Promise<void>>();
  for (;;) {
    let outcome = outcomeOf(trials, knowledge);
    const free = (): boolean => jobs.size < workers && !signal.aborted;
    for (const { trial, epochs } of outcome.standing.waiting) {
      if (!free() || jobs.has(trial)) continue;
      const job: Job = { trial, epochs, done: 0, process: undefined };
      jobs.set(trial, job);
      const ended = attempt(run, job, { learn, given }).finally(() => {
        jobs.delete(trial);
        pending.delete(trial);
        outcome = outcomeOf(trials, knowledge);
        const row = outcome.table.find((one) => one.trial === trial + 1);
        if (row && (row.rungs.at(-1)?.epochs === epochs || row.state === 'failed')) {
          view.came(row, outcome.best);
          onChange(outcome);
        }
      });
      pending.set(trial, ended);
    }
    // A search by the clock makes its trials as there is somebody to run them.
    if (free() && (await trials.next())) {
      await learn(trials.all.at(-1) as Trial);
      continue;
    }
    view.update(outcome, running);
    if (pending.size === 0) break;
    await Promise.race(pending.values());
  }
  signal.removeEventListener('abort', interrupt);
  return outcomeOf(trials, knowledge);
}

interface Books {
  readonly learn: (trial: Trial) => Promise<TrialProgress>;
  readonly given: Map<string, string>;
}

/** Trains a trial up to the epochs of its job. One that fails is tried once more; then it is given up. */
async function attempt(run: SweepRun, job: Job, { learn, given }: Books): Promise<void> {
  const { folder, trials, kernels, view, signal } = run;
  const { sweep } = trials.plan;
  const trial = trials.all[job.trial] as Trial;
  const path = join(folder, 'trials', trial.hash);
  await untilFree(path, signal);
  let before = (await learn(trial)).records.length;
  for (let failures = 0; !signal.aborted; ) {
    const epochs = sweep.method.type === 'halving' ? job.epochs : undefined;
    const words = wordsFor(trial, { folder, kernels, epochs });
    job.done = before;
    job.process = startWorker(words, join(folder, 'logs', `${trial.hash}.log`), () => void job.done++);
    const { error, signal: killer } = await job.process.ended;
    const now = await learn(trial);
    const reason = now.error ?? error ?? (killer ? `its process was killed (${killer})` : 'it left no results');
    if (valueAfter(now, job.epochs, sweep) !== undefined || signal.aborted) return;
    // A process that is killed again and again still comes to the end, if it gets further each time.
    failures = killer && now.records.length > before ? 0 : failures + 1;
    before = now.records.length;
    if (failures === ATTEMPTS) {
      given.set(trial.hash, reason);
      return;
    }
    view.terminal.say(`trial ${job.trial + 1}: ${reason}; once more, from epoch ${before + 1}`);
  }
}

/** Waits for a process of a sweep that was killed: it notices, and saves what there is. */
async function untilFree(run: string, signal: AbortSignal): Promise<void> {
  const until = performance.now() + PATIENCE;
  while (existsSync(run) && isHeld(join(run, LOCK)) && performance.now() < until && !signal.aborted) await wait(100);
}
