/** The losses by the names that recipes give them. */
import { BinaryCrossentropy } from './binary-crossentropy.js';
import { CategoricalCrossentropy } from './categorical-crossentropy.js';
import type { Loss, LossType, SmoothingOptions } from './loss.js';
import { MeanSquaredError } from './mean-squared-error.js';
import { SparseCategoricalCrossentropy } from './sparse-categorical-crossentropy.js';

/** How each loss is made from its options. */
export const losses = {
  SparseCategoricalCrossentropy: (options: SmoothingOptions) => new SparseCategoricalCrossentropy(options),
  CategoricalCrossentropy: (options: SmoothingOptions) => new CategoricalCrossentropy(options),
  BinaryCrossentropy: (options: SmoothingOptions) => new BinaryCrossentropy(options),
  MeanSquaredError: () => new MeanSquaredError(),
} satisfies Record<LossType, (options: never) => Loss>;
