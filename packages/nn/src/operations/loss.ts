import { crossEntropyStep, l2Parts, l2Penalties, type Storage } from '@anke/kernels';
import { defineOperation, type GradientContext } from '../autograd/operation.js';
import type { Tape } from '../autograd/tape.js';
import { Tensor } from '../autograd/tensor.js';
import type { ModelMemory } from '../model/memory.js';

export interface CrossEntropyAttributes {
  /** The parts of the L2 penalties of all weights, which the loss contains, if any. */
  readonly penalties: Storage | undefined;
  /** Sums of the epoch: Σ loss · samples, correct samples, samples. */
  readonly totals: Storage;
  /** The number of the step and its place in the epoch, which move on. */
  readonly counters: Storage;
  /** 1 − β₁ᵗ and 1 − β₂ᵗ, which move on with these betas. */
  readonly corrections: Storage;
  readonly beta1: number;
  readonly beta2: number;
}

/**
 * The mean over the batch of −log softmax(logits)[label], plus the penalties. The same kernel computes the gradient of the
 * logits, adds to the epoch's sums and counts the step.
 */
export const crossEntropy = defineOperation({
  name: 'crossEntropy',
  inputs: ['logits', 'labels'],
  constants: ['labels'],
  forward: (tape, { logits, labels }, attributes: CrossEntropyAttributes) => {
    const { penalties, totals, counters, corrections, beta1, beta2 } = attributes;
    const [rows = 1, classes = 1] = logits.shape;
    const loss = tape.temporary('loss', [1]);
    const dLogits = tape.executor.temporary('dLogits', rows * classes * 4);
    tape.executor.dispatch(
      crossEntropyStep,
      { rows, classes, penalties: penalties ? penalties.bytes / 4 : 0, beta1, beta2 },
      {
        logits: logits.storage,
        labels: labels.storage,
        // Where there is no penalty, the kernel has to be given some memory that it does not read.
        penalties: penalties ?? labels.storage,
        loss: loss.storage,
        dLogits,
        totals,
        counters,
        corrections,
      },
    );
    return { output: loss, saved: { dLogits } };
  },
  gradients: {
    logits: ({ inputs, saved }: GradientContext<CrossEntropyAttributes, 'logits' | 'labels', 'dLogits'>): Tensor =>
      new Tensor(inputs.logits.shape, saved.dLogits),
  },
});

/** Σ λ · Σ w² of all regularized weights, left in a few parts; undefined if there are none. */
export function penaltyParts(tape: Tape, { weights, slots }: ModelMemory): Storage | undefined {
  const stretches = slots.flatMap(({ spec, storage }) =>
    spec.regularizer ? [{ offset: storage.offset / 4, length: storage.bytes / 4, factor: spec.regularizer.l2 }] : [],
  );
  if (stretches.length === 0) return undefined;
  const parts = l2Parts(stretches.reduce((sum, { length }) => sum + length, 0));
  const penalties = tape.executor.temporary('l2 penalties', parts * 4);
  tape.executor.dispatch(l2Penalties, { stretches, parts }, { weights, parts: penalties });
  return penalties;
}
