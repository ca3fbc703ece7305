/**
 * Which samples the steps of an epoch take. Usually an epoch is one pass over the samples in an order of its own. With
 * `stepsPerEpoch` it has so many steps, and takes batches from passes without end: where it stops within a pass, the
 * next epoch goes on there, and where a pass is over, the next one follows at once, in the next order. So what is
 * trained does not depend on where epochs end.
 */
import { Random } from '@anke/random';
import { ModelError } from '../errors.js';

/** How far a training has come in its passes over the samples. */
export interface Position {
  /** Passes that are done, which tell the order of the next one. */
  readonly epochs: number;
  /** Steps of the present pass that are done. */
  readonly position: number;
}

/** Steps of one size, one after the other. */
export interface Stretch {
  readonly steps: number;
  /** Samples in each. */
  readonly size: number;
}

export interface EpochOptions {
  readonly seed: number;
  /** Samples. */
  readonly count: number;
  readonly batchSize: number;
  /** Whether each pass has another order. */
  readonly shuffle: boolean;
  /** As many as a pass has, if absent. */
  readonly stepsPerEpoch?: number | undefined;
}

export interface EpochPlan {
  /** Row numbers in the order of their use, step after step. */
  readonly rows: Uint32Array;
  readonly stretches: readonly Stretch[];
  /** Where the next epoch begins. */
  readonly next: Position;
}

/** Steps of a pass. */
export const stepsOfPass = (count: number, batchSize: number): number => Math.ceil(count / batchSize);

/** @throws ModelError if it is no positive integer */
export function checkStepsPerEpoch(steps = 1): void {
  if (!Number.isInteger(steps) || steps < 1)
    throw new ModelError(`stepsPerEpoch must be a positive integer, not ${steps}`);
}

/** Full batches, then a smaller last one if there is one. */
export function stretchesOf(samples: number, batchSize: number): Stretch[] {
  const [steps, rest] = [Math.floor(samples / batchSize), samples % batchSize];
  return [...(steps > 0 ? [{ steps, size: batchSize }] : []), ...(rest > 0 ? [{ steps: 1, size: rest }] : [])];
}

export function planEpoch({ seed, count, batchSize, shuffle, stepsPerEpoch }: EpochOptions, from: Position): EpochPlan {
  const passSteps = stepsOfPass(count, batchSize);
  let { epochs, position } = from.position < passSteps ? from : { epochs: from.epochs + 1, position: 0 };
  const parts: Uint32Array[] = [];
  const stretches: Stretch[] = [];
  for (let left = stepsPerEpoch ?? passSteps; left > 0; ) {
    const order = shuffle
      ? new Random(seed, 'shuffle', epochs).permutation(count)
      : Uint32Array.from({ length: count }, (_, row) => row);
    const steps = Math.min(left, passSteps - position);
    const rows = order.subarray(position * batchSize, (position + steps) * batchSize);
    parts.push(rows);
    stretches.push(...stretchesOf(rows.length, batchSize));
    left -= steps;
    position += steps;
    if (position === passSteps) {
      epochs++;
      position = 0;
    }
  }
  return { rows: joined(parts, batchSize), stretches, next: { epochs, position } };
}

/** Rows as steps read them: a step's begin at a multiple of the batch size, also behind a smaller batch. */
function joined(parts: readonly Uint32Array[], batchSize: number): Uint32Array {
  const starts: number[] = [];
  let end = 0;
  for (const { length } of parts) {
    const start = Math.ceil(end / batchSize) * batchSize;
    starts.push(start);
    end = start + length;
  }
  const rows = new Uint32Array(end);
  parts.forEach((part, i) => void rows.set(part, starts[i]));
  return rows;
}
