/**
 * Penalties on large weights, which are added to the loss, by Keras's names:
 *
 *   L1   l1 · Σ |w|        L2   l2 · Σ w²        L1L2   both
 */

/** The factors of a penalty; one that is absent is 0. */
export interface Regularizer {
  readonly l1?: number;
  readonly l2?: number;
}

/** `kernelRegularizer: l1(0.01)` */
export const l1 = (factor = 0.01): Regularizer => ({ l1: factor });

/** `kernelRegularizer: l2(0.01)` */
export const l2 = (factor = 0.01): Regularizer => ({ l2: factor });

/** `kernelRegularizer: l1l2({ l1: 0.01, l2: 0.001 })` */
export const l1l2 = ({ l1 = 0, l2 = 0 }: Regularizer = {}): Regularizer => ({ l1, l2 });

const FACTORS: readonly string[] = ['l1', 'l2'];

/** What is wrong with a value that stands for a regularizer. */
export function regularizerFault(value: unknown): string | undefined {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  const isFactor = ([name, factor]: [string, unknown]): boolean =>
    FACTORS.includes(name) && typeof factor === 'number' && factor >= 0 && Number.isFinite(factor);
  return entries.length > 0 && entries.every(isFactor)
    ? undefined
    : 'must be { "l1": number, "l2": number } or one of them, none below zero';
}
