/**
 * Runs a pass: many steps in a submit, with one submit waiting behind the one that runs, so that the device never
 * idles.
 */
import type { Evaluation } from './batches.js';
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

/** Long enough to hide the cost of a submit, short enough for progress and for stopping. */
export const SUBMIT_MILLISECONDS = 120;
const MOST_STEPS = 256;

/** Steps that fill a submit, for steps of that length. */
export const stepsInSubmit = (milliseconds: number, submitMilliseconds = SUBMIT_MILLISECONDS): number =>
  Math.max(1, Math.min(MOST_STEPS, Math.round(submitMilliseconds / milliseconds)));

/**
 * Goes once over the samples of a prepared pass, and yields how many of them are done. Nothing is read back before
 * the end.
 *
 * @returns the means over all samples; undefined if the signal ended it
 */
export async function* runPass(
  pass: Pass,
  { step = 0, submitMilliseconds, signal }: RunOptions = {},
): AsyncGenerator<number, Evaluation | undefined> {
  const { gpu, full, rest, steps: total } = pass;
  const { batchSize, data } = pass.options;
  pass.batches.start(step);
  let steps = 1;
  let done = 0;
  let running: { readonly count: number; readonly finished: Promise<void> } | undefined;
  let finishedAt = performance.now();
  for (let next = 0; next < total && full; ) {
    if (signal?.aborted) {
      await running?.finished;
      return undefined;
    }
    const count = Math.min(steps, total - next);
    full.submit(count);
    next += count;
    const finished = gpu.finish();
    finished.catch(() => undefined); // awaited in the next round
    if (running) {
      await running.finished;
      const now = performance.now();
      steps = Math.min(steps * 2, stepsInSubmit((now - finishedAt) / running.count, submitMilliseconds));
      finishedAt = now;
      done += running.count;
      yield done * batchSize;
    }
    running = { count, finished };
  }
  if (signal?.aborted) {
    await running?.finished;
    return undefined;
  }
  rest?.submit();
  await gpu.finish();
  yield data.count;
  return signal?.aborted ? undefined : pass.batches.means();
}
