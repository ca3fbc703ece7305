import type { Gpu, Recording } from '@anke/kernels';

/** Recordings for a pass over the data: one for full batches, one for a smaller last batch. */
export interface Pass {
  readonly full: Recording | undefined;
  readonly steps: number;
  readonly rest: Recording | undefined;
  readonly batchSize: number;
  readonly restSize: number;
}

/** Device time of one submit: long enough to hide its cost, short enough for progress and for stopping. */
const SUBMIT_MILLISECONDS = 120;
const MOST_STEPS = 256;

/** Steps that fill a submit, for steps of that length. */
export const stepsInSubmit = (milliseconds: number): number =>
  Math.max(1, Math.min(MOST_STEPS, Math.round(SUBMIT_MILLISECONDS / milliseconds)));

/**
 * Replays a pass, many steps in a submit, with one submit waiting behind the one that runs, so that the device never
 * idles. Nothing is read back.
 *
 * @returns whether the pass was completed; `stop` ends it after a submit
 */
export async function runPass(
  gpu: Gpu,
  pass: Pass,
  onProgress: (samples: number) => void,
  stop: () => boolean,
): Promise<boolean> {
  let steps = 1;
  let done = 0;
  let running: { readonly count: number; readonly finished: Promise<void> } | undefined;
  let finishedAt = performance.now();
  for (let next = 0; next < pass.steps && pass.full; ) {
    const count = Math.min(steps, pass.steps - next);
    pass.full.submit(count);
    next += count;
    const finished = gpu.finish();
    finished.catch(() => undefined); // awaited in the next round
    if (running) {
      await running.finished;
      const now = performance.now();
      steps = Math.min(steps * 2, stepsInSubmit((now - finishedAt) / running.count));
      finishedAt = now;
      done += running.count;
      onProgress(done * pass.batchSize);
    }
    running = { count, finished };
    if (stop()) {
      await finished;
      return false;
    }
  }
  if (pass.rest) pass.rest.submit();
  await gpu.finish();
  onProgress(pass.steps * pass.batchSize + pass.restSize);
  return true;
}
