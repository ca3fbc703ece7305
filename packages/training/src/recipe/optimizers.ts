/** What a recipe may say of each type of optimizer, and of schedules of the learning rate. */
import type { OptimizerType, ScheduleType } from '@anke/nn';
import { z } from 'zod';
import { fraction, positive, positiveInteger, typed } from './values.js';

const notNegative = z.number().min(0);
const decay = {
  initialLearningRate: positive,
  decaySteps: positiveInteger,
  decayRate: positive,
  staircase: z.boolean().exactOptional(),
};

/** A table by type of schedule. */
export const scheduleSchemas = {
  cosineDecay: typed('cosineDecay', {
    initialLearningRate: notNegative,
    decaySteps: positiveInteger,
    alpha: notNegative.exactOptional().describe('share of the rate that is left in the end'),
    warmupTarget: positive.exactOptional(),
    warmupSteps: z.int().min(0).exactOptional(),
  }),
  cosineDecayRestarts: typed('cosineDecayRestarts', {
    initialLearningRate: positive,
    firstDecaySteps: positiveInteger,
    tMul: z.number().min(1).exactOptional().describe('each cosine is so many times as long as the one before'),
    mMul: positive.exactOptional().describe('each cosine starts so many times as high as the one before'),
    alpha: notNegative.exactOptional(),
  }),
  exponentialDecay: typed('exponentialDecay', decay),
  inverseTimeDecay: typed('inverseTimeDecay', decay),
  piecewiseConstantDecay: typed('piecewiseConstantDecay', {
    boundaries: z.array(z.int().min(0)),
    values: z.array(notNegative).min(1),
  }),
  polynomialDecay: typed('polynomialDecay', {
    initialLearningRate: positive,
    decaySteps: positiveInteger,
    endLearningRate: notNegative.exactOptional(),
    power: positive.exactOptional(),
  }),
  oneCycle: typed('oneCycle', {
    maxLearningRate: positive,
    totalSteps: z.int().min(2),
    pctStart: z.number().gt(0).lt(1).exactOptional().describe('share of the steps in which the rate rises'),
    divFactor: positive.exactOptional(),
    finalDivFactor: positive.exactOptional(),
  }),
} satisfies Record<ScheduleType, z.ZodType>;

type ScheduleSchema = (typeof scheduleSchemas)[ScheduleType];

const learningRate = z
  .union([
    positive,
    z.discriminatedUnion('type', Object.values(scheduleSchemas) as [ScheduleSchema, ...ScheduleSchema[]]),
  ])
  .describe('a number, or a schedule by the steps of the phase, counted from 0');

/** Options of every optimizer. */
const options = (rate: number) => ({
  learningRate: learningRate.default(rate),
  clipnorm: positive.exactOptional().describe('norm of each weight’s gradient, at most'),
  globalClipnorm: positive.exactOptional().describe('norm of all gradients together, at most'),
  clipvalue: positive.exactOptional().describe('size of each element of a gradient, at most'),
  weightDecay: notNegative.exactOptional().describe('w ← w − w · weightDecay · rate before each update'),
  excludeFromWeightDecay: z
    .array(z.string().min(1))
    .exactOptional()
    .describe('weights that do not decay, by a part of their own name, such as bias, or by layer/weight'),
  useEma: z.boolean().exactOptional().describe('keep a moving average of the weights, and end the phase with it'),
  emaMomentum: fraction.exactOptional(),
  emaOverwriteFrequency: positiveInteger.exactOptional().describe('steps after which the weights become the average'),
});
const adam = {
  ...options(0.001),
  beta1: fraction.exactOptional(),
  beta2: fraction.exactOptional(),
  epsilon: positive.exactOptional(),
};
const amsgrad = z
  .boolean()
  .exactOptional()
  .describe('divide steps by the root of the largest second moment so far, not of the present one');

/** A table by type of optimizer. */
export const optimizerSchemas = {
  Adam: typed('Adam', { ...adam, amsgrad }),
  AdamW: typed('AdamW', { ...adam, amsgrad }),
  Nadam: typed('Nadam', adam),
  RMSprop: typed('RMSprop', {
    ...options(0.001),
    rho: fraction.exactOptional(),
    momentum: fraction.exactOptional(),
    epsilon: positive.exactOptional(),
    centered: z.boolean().exactOptional(),
  }),
  SGD: typed('SGD', {
    ...options(0.01),
    momentum: fraction.exactOptional(),
    nesterov: z.boolean().exactOptional(),
  }),
} satisfies Record<OptimizerType, z.ZodType>;

type OptimizerSchema = (typeof optimizerSchemas)[OptimizerType];

export const optimizerSchema = z.discriminatedUnion(
  'type',
  Object.values(optimizerSchemas) as [OptimizerSchema, ...OptimizerSchema[]],
);
