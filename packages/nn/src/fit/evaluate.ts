/** How well a model does on labelled samples. */
import type { Evaluation } from '../engine/batches.js';
import { checkLabelledSamples, type Samples } from '../engine/device-data.js';
import { checkBatchSize } from '../engine/pass.js';
import { runPass } from '../engine/runner.js';
import { type Session, Use } from '../engine/session.js';

export interface EvaluateOptions {
  /** About 256 if absent. */
  readonly batchSize?: number;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Ends the evaluation after the present submit: the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Loss (with penalties) and accuracy over samples.
 *
 * @throws ModelError or ShapeError if they do not fit the model
 */
export async function evaluate(
  session: Session,
  samples: Samples,
  { batchSize, onProgress, signal }: EvaluateOptions = {},
): Promise<Evaluation> {
  const { graph, closed } = session;
  const count = checkLabelledSamples(samples, graph.inputShape, graph.outputShape);
  checkBatchSize(batchSize);
  signal?.throwIfAborted();
  const used = new Use(session);
  try {
    const pass = used.pass(session.evaluator(used.data(samples, 'evaluation'), batchSize));
    await pass.prepare();
    const run = runPass(pass, { signal: signal ? AbortSignal.any([signal, closed]) : closed });
    for (;;) {
      const { done, value } = await run.next();
      if (!done) onProgress?.(value, count);
      else if (value) return value;
      else throw signal?.aborted ? signal.reason : closed.reason;
    }
  } finally {
    used.release();
  }
}
