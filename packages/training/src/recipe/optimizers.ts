/** What a recipe may say of each type of optimizer. */
import type { OptimizerType } from '@anke/nn';
import { z } from 'zod';
import { fraction, positive, typed } from './values.js';

/** A table by type of optimizer. */
export const optimizerSchemas = {
  Adam: typed('Adam', {
    learningRate: positive.default(0.001),
    beta1: fraction.exactOptional(),
    beta2: fraction.exactOptional(),
    epsilon: positive.exactOptional(),
  }),
  SGD: typed('SGD', {
    learningRate: positive.default(0.01),
    momentum: fraction.exactOptional(),
    nesterov: z.boolean().exactOptional(),
  }),
} satisfies Record<OptimizerType, z.ZodType>;

type OptimizerSchema = (typeof optimizerSchemas)[OptimizerType];

export const optimizerSchema = z.discriminatedUnion(
  'type',
  Object.values(optimizerSchemas) as [OptimizerSchema, ...OptimizerSchema[]],
);
