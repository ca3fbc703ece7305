/** How each optimizer is made from its options. */
import { Adam, type AdamOptions } from './adam.js';
import type { Optimizer, OptimizerType } from './optimizer.js';
import { SGD, type SGDOptions } from './sgd.js';

export const optimizers = {
  Adam: (options: AdamOptions) => new Adam(options),
  SGD: (options: SGDOptions) => new SGD(options),
} satisfies Record<OptimizerType, (options: never) => Optimizer>;
