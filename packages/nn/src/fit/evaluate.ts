/** How well a model does on labelled samples. */
import type { Fault } from '../engine/batches.js';
import type { Samples } from '../engine/device-data.js';
import type { Evaluation } from '../engine/epoch-sums.js';
import { explainFault } from '../engine/explain.js';
import { checkBatchSize, type Pass } from '../engine/pass.js';
import { runPass } from '../engine/runner.js';
import type { Session } from '../engine/session.js';
import { Use } from '../engine/use.js';
import { NonFiniteError } from '../errors.js';

export interface EvaluateOptions {
  /** About 256 if absent. */
  readonly batchSize?: number;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Ends the evaluation after the present submit: the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Loss (with penalties) and metrics over samples.
 *
 * @throws ModelError or ShapeError if they do not fit the model
 * @throws NonFiniteError if a weight or a result is not finite
 */
export async function evaluate(
  session: Session,
  samples: Samples,
  { batchSize, onProgress, signal }: EvaluateOptions = {},
): Promise<Evaluation> {
  const { closed } = session;
  const count = session.checkSamples(samples);
  checkBatchSize(batchSize);
  signal?.throwIfAborted();
  const used = new Use(session);
  try {
    const pass = used.pass(session.evaluator(used.data(samples, 'evaluation'), batchSize));
    const broken = await session.stateCheck.weights();
    if (broken) throw new NonFiniteError(`the model cannot be evaluated: ${broken}`);
    await pass.prepare();
    const run = runPass(pass, { signal: signal ? AbortSignal.any([signal, closed]) : closed });
    for (;;) {
      const { done, value } = await run.next();
      if (!done) onProgress?.(value.done, count);
      else if (value === 'aborted') throw signal?.aborted ? signal.reason : closed.reason;
      else if ('means' in value) return value.means;
      else throw await evaluationError(session, pass, value.fault);
    }
  } finally {
    used.release();
  }
}

/** The error of an evaluation that met values which are not finite. */
export async function evaluationError(session: Session, pass: Pass, fault: Fault): Promise<NonFiniteError> {
  const { batchSize, data } = pass.options;
  const first = fault.index * batchSize;
  const images = `images ${first} to ${Math.min(first + batchSize, data.count) - 1}`;
  return new NonFiniteError(
    `the evaluation stopped at ${images}: ${await explainFault(session, pass, fault, 'evaluation')}`,
  );
}
