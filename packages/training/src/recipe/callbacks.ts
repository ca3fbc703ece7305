/** What a recipe may say of each type of callback, and of schedules of the learning rate. */
import type { CallbackType } from '@anke/nn';
import { z } from 'zod';
import { pathInRun, positive, positiveInteger, typed } from './values.js';

export const scheduleSchema = z.discriminatedUnion('type', [
  z
    .strictObject({ type: z.literal('exponential'), factor: positive })
    .describe('learningRate · factorᵉ in epoch e, counted from 0'),
  z
    .strictObject({ type: z.literal('step'), every: positiveInteger, factor: positive })
    .describe('the rate is multiplied by the factor after every so many epochs'),
  z
    .strictObject({ type: z.literal('cosine'), epochs: positiveInteger, to: positive.default(1e-6) })
    .describe('half a cosine from learningRate down to `to`, over so many epochs'),
  z
    .strictObject({ type: z.literal('list'), rates: z.array(positive).min(1) })
    .describe('the rate of each epoch; the last one stays'),
]);

const monitor = z
  .string()
  .default('val_loss')
  .describe('what is watched: loss or a metric’s name, with val_ before it for the validation’s');
const mode = z.enum(['auto', 'min', 'max']).exactOptional();

/** Callbacks that write into the run's store; the others are the engine's own. */
export type RecipeCallbackType = CallbackType | 'ModelCheckpoint' | 'CSVLogger' | 'TensorBoard';

/** A table by type of callback. */
export const callbackSchemas = {
  EarlyStopping: typed('EarlyStopping', {
    monitor,
    mode,
    patience: z.int().min(0).default(0),
    minDelta: z.number().min(0).exactOptional(),
    restoreBestWeights: z.boolean().default(false),
  }),
  ModelCheckpoint: typed('ModelCheckpoint', {
    filepath: pathInRun
      .default('checkpoints/{phase}-{epoch:02d}.safetensors')
      .describe('in the run folder; {epoch:02d}, {val_loss:.4f}, {phase} are filled in'),
    monitor,
    mode,
    saveBestOnly: z.boolean().default(false),
  }),
  ReduceLROnPlateau: typed('ReduceLROnPlateau', {
    monitor,
    mode,
    factor: z.number().gt(0).lt(1).default(0.1),
    patience: z.int().min(0).default(10),
    minDelta: z.number().min(0).exactOptional(),
    cooldown: z.int().min(0).exactOptional(),
    minLearningRate: z.number().min(0).exactOptional(),
  }),
  LearningRateScheduler: typed('LearningRateScheduler', { schedule: scheduleSchema }),
  CSVLogger: typed('CSVLogger', {
    filename: pathInRun.default('{phase}.csv').describe('in the run folder; {phase} is filled in'),
    separator: z.string().length(1).default(','),
  }),
  TensorBoard: typed('TensorBoard', {
    logDir: pathInRun.default('tensorboard').describe('in the run folder; each phase has a folder in it'),
  }),
  TerminateOnNaN: typed('TerminateOnNaN', {}),
} satisfies Record<RecipeCallbackType, z.ZodType>;

type CallbackSchema = (typeof callbackSchemas)[RecipeCallbackType];

export const callbackSchema = z.discriminatedUnion(
  'type',
  Object.values(callbackSchemas) as [CallbackSchema, ...CallbackSchema[]],
);
