/**
 * Runs a pass: many steps in a submit, with one submit waiting behind the one that runs, so that the device never
 * idles. Behind each submit the counters come back, a few bytes, so that a pass which meets values that are not finite
 * ends there.
 */
import { COUNTER, type Recording } from '@anke/kernels';
import { type Fault, faultOf } from './batches.js';
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
  readonly finished: Promise<Uint32Array>;
}

/** Runs an epoch of a prepared pass, and yields how many samples are done. */
export async function* runPass(
  pass: Pass,
  { step = 0, submitMilliseconds, signal }: RunOptions = {},
): AsyncGenerator<number, PassResult> {
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
        const fault = faultOf(await running.finished);
        if (fault) {
          await finished;
          return { fault };
        }
        const now = performance.now();
        steps = Math.min(steps * 2, stepsInSubmit((now - finishedAt) / running.steps, submitMilliseconds));
        finishedAt = now;
        done += running.samples;
        yield done;
      }
      running = { steps: count, samples: count * size, finished };
    }
  }
  const counters = await running?.finished;
  if (signal?.aborted) return 'aborted';
  const fault = counters && faultOf(counters);
  if (fault) return { fault };
  yield pass.samples;
  if (signal?.aborted) return 'aborted';
  return { means: await pass.batches.means(), clamped: counters?.[COUNTER.clamped] ?? 0 };
}
