/** What a training takes of the device's memory, in bytes. */
import type { Storage } from '@anke/kernels';
import type { Pass } from './pass.js';
import type { Session } from './session.js';

export interface MemoryUse {
  /** With moving averages. */
  readonly weights: number;
  readonly gradients: number;
  /** The optimizer's own buffers. */
  readonly optimizer: number;
  /** Of weights and the optimizer's buffers, from before the epoch that runs. */
  readonly copies: number;
  /** What layers hand on, and what is kept for their gradients, for a batch of each pass. */
  readonly activations: number;
  readonly images: number;
  readonly total: number;
}

/** Of a training whose passes are prepared. */
export function memoryUseOf({ memory, training }: Session, passes: readonly Pass[]): MemoryUse {
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
  const sizes = (storages: readonly Storage[]): number => sum(storages.map(({ bytes }) => bytes));
  const weights = sizes([memory.weights, memory.untrained]);
  const optimizer = sizes(Object.values(training.buffers));
  const parts = {
    weights,
    gradients: memory.gradients.bytes,
    optimizer,
    copies: weights + optimizer,
    activations: sum(passes.map((pass) => pass.activationBytes)),
    images: sizes(passes.map(({ options }) => options.data.pixels)),
  };
  return { ...parts, total: sum(Object.values(parts)) };
}
