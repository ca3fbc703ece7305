/**
 * Runs a pass: many steps in a submit, with one submit waiting behind the one that runs, so that the device never
 * idles. Behind each submit the counters and the epoch's sums come back, a few bytes: so a pass which meets values that
 * are not finite ends there, and how it goes can be told while it runs.
 */
import { COUNTER, type Recording } from '@anke/kernels';
import { type Batches, type Fault, faultOf } from './batches.js';
import type { Evaluation } from './epoch-sums.js';
import type { Pass } from './pass.js';

export interface RunOptions {
  /** The number of the first step, which everything random in it depends on; 0 if absent. */
  readonly step?: number;
  /**
   * Device time of one submit. A long one hides the cost of submitting; a short one lets others use the device in
   * between, as a page needs it to draw.
   */
  readonly submitMilliseconds?: number;
  /** Ends the run after the present submit. */
  readonly signal?: AbortSignal | undefined;
}

/** How far a pass is. */
export interface PassProgress {
  /** Samples that are done. */
  readonly done: number;
  /** The means over them. */
  readonly means: Evaluation;
}

/** What a pass came to. */
export type PassResult =
  /** The means over all samples; how many activations lay beyond what their 16 bits can store. */
  | { readonly means: Evaluation; readonly clamped: number }
  /** The step that met values which are not finite. Neither weights nor counters have changed from there on. */
  | { readonly fault: Fault }
  /** The signal ended it. */
  | 'aborted';

/** Long enough to hide the cost of a submit, short enough for progress and for stopping. */
export const SUBMIT_MILLISECONDS = 120;
const MOST_STEPS = 256;

/** Steps that fill a submit, for steps of that length. */
export const stepsInSubmit = (milliseconds: number, submitMilliseconds = SUBMIT_MILLISECONDS): number =>
  Math.max(1, Math.min(MOST_STEPS, Math.round(submitMilliseconds / milliseconds)));

/** Steps that run on the device. */
interface Submitted {
  readonly steps: number;
  /** Samples of all of them. */
  readonly samples: number;
  /** What {@link Batches.watched} holds behind them. */
  readonly finished: Promise<Uint32Array>;
}

/** Runs an epoch of a prepared pass, and yields how far it is. */
export async function* runPass(
  pass: Pass,
  { step = 0, submitMilliseconds, signal }: RunOptions = {},
): AsyncGenerator<PassProgress, PassResult> {
  if (signal?.aborted) return 'aborted';
  pass.batches.start(step);
  let steps = 1;
  let done = 0;
  let submits = 0;
  let running: Submitted | undefined;
  let finishedAt = performance.now();
  const submit = (recording: Recording, count: number): Promise<Uint32Array> => {
    const readback = pass.readbacks[submits++ % 2 === 0 ? 0 : 1];
    recording.submit(count, readback);
    const finished = readback.read();
    finished.catch(() => undefined); // awaited later
    return finished;
  };
  for (const { steps: total, size } of pass.stretches) {
    for (let next = 0; next < total; ) {
      if (signal?.aborted) {
        await running?.finished;
        return 'aborted';
      }
      const count = Math.min(steps, total - next);
      const finished = submit(pass.recordingOf(size), count);
      next += count;
      if (running) {
        const words = await running.finished;
        const fault = faultOf(words);
        if (fault) {
          await finished;
          return { fault };
        }
        const now = performance.now();
        steps = Math.min(steps * 2, stepsInSubmit((now - finishedAt) / running.steps, submitMilliseconds));
        finishedAt = now;
        done += running.samples;
        yield { done, means: pass.batches.means(words) };
      }
      running = { steps: count, samples: count * size, finished };
    }
  }
  const words = await (running as Submitted).finished; // a pass has a step at least
  if (signal?.aborted) return 'aborted';
  const fault = faultOf(words);
  if (fault) return { fault };
  const means = pass.batches.means(words);
  yield { done: pass.samples, means };
  if (signal?.aborted) return 'aborted';
  return { means, clamped: words[COUNTER.clamped] as number };
}
