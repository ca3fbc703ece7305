/**
 * What a sweep is: a recipe, the values of it that are tried, how they are chosen, and what is best. The types, the
 * check and the JSON Schema for editors all come from here.
 */
import { z } from 'zod';
import { positive, positiveInteger, typed } from '../recipe/values.js';

const points = positiveInteger.exactOptional().describe('how many values a grid takes of it, from low to high');
const isAscending = ({ low, high }: { readonly low: number; readonly high: number }): boolean => low < high;
const ascending = { message: 'low must be less than high', path: ['high'] };

/** A table by type of range. */
const rangeSchemas = {
  choice: typed('choice', { values: z.array(z.json()).min(1).describe('numbers, texts, or whole objects') }),
  uniform: typed('uniform', { low: z.number(), high: z.number(), points }).refine(isAscending, ascending),
  logUniform: typed('logUniform', { low: positive, high: positive, points })
    .refine(isAscending, ascending)
    .describe('each factor of ten is as likely as any other'),
  integer: typed('integer', { low: z.int(), high: z.int(), step: positiveInteger.default(1) })
    .refine(isAscending, ascending)
    .describe('low, low + step, … up to high, which may be taken too'),
};

const rangeSchema = z.discriminatedUnion('type', [
  rangeSchemas.choice,
  rangeSchemas.uniform,
  rangeSchemas.logUniform,
  rangeSchemas.integer,
]);

const methodSchema = z.discriminatedUnion('type', [
  typed('grid', {}).describe('every combination, the last parameter changing first'),
  typed('random', {}).describe('each trial draws its values by the seed'),
  typed('halving', {
    factor: z.int().min(2).default(3).describe('one trial of so many goes on, for so many times as many epochs'),
    minEpochs: positiveInteger.default(1).describe('after which the worst are stopped for the first time'),
  }).describe('random, and the worst are stopped early: successive halving'),
]);

export const sweepSchema = z
  .strictObject({
    $schema: z.string().exactOptional(),
    name: z
      .string()
      .regex(/^[\w-]+$/, 'must consist of letters, digits, _ and -')
      .exactOptional()
      .describe('part of the folder’s name; default: the file’s'),
    recipe: z.string().default('cnn').describe('a built-in recipe, or a file, from where this one is'),
    data: z.string().exactOptional().describe('images to train on, from where this file is; default: the recipe’s'),
    parameters: z
      .record(z.string().min(1), rangeSchema)
      .refine((all) => Object.keys(all).length > 0, 'it names no parameter')
      .describe('what is tried, by its path in the recipe: phases.0.optimizer.learningRate'),
    method: methodSchema.default({ type: 'random' }),
    metric: z.string().default('val_loss').describe('a column of a run’s history.csv; a trial’s best epoch counts'),
    goal: z
      .enum(['min', 'max'])
      .exactOptional()
      .describe('default: the least of a loss or an error, the most of all else'),
    epochs: positiveInteger.exactOptional().describe('of each phase, at most; default: the recipe’s'),
    budget: z
      .strictObject({
        trials: positiveInteger.exactOptional(),
        minutes: positive.exactOptional().describe('of the sweep’s own time; what is under way then is kept'),
      })
      .default({})
      .describe('a grid needs none'),
    seed: z
      .int()
      .min(0)
      .max(2 ** 32 - 1)
      .default(77)
      .describe('the drawn values come from it; the recipe has its own'),
  })
  .describe('What "anke sweep" tries.');

/** A sweep as it is written: what has a default may be left out. */
export type Sweep = z.input<typeof sweepSchema>;
/** A sweep with all its defaults. */
export type ResolvedSweep = Omit<z.output<typeof sweepSchema>, '$schema'> & {
  readonly name: string;
  readonly goal: 'min' | 'max';
};
export type Range = z.output<typeof rangeSchema>;

/** JSON Schema (draft 2020-12) of what may be written. */
export const sweepJsonSchema = (): object => ({
  ...z.toJSONSchema(sweepSchema, { io: 'input', unrepresentable: 'any' }),
  title: 'A sweep of Anke',
});
