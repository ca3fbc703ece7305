/** How each optimizer is made from its options. */
import { Adam, type AdamOptions, AdamW } from './adam.js';
import { Nadam, type NadamOptions } from './nadam.js';
import type { Optimizer, OptimizerType } from './optimizer.js';
import { RMSprop, type RMSpropOptions } from './rmsprop.js';
import { SGD, type SGDOptions } from './sgd.js';

export const optimizers = {
  Adam: (options: AdamOptions) => new Adam(options),
  AdamW: (options: AdamOptions) => new AdamW(options),
  Nadam: (options: NadamOptions) => new Nadam(options),
  RMSprop: (options: RMSpropOptions) => new RMSprop(options),
  SGD: (options: SGDOptions) => new SGD(options),
} satisfies Record<OptimizerType, (options: never) => Optimizer>;
