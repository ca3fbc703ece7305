/**
 * What a recipe is: the data, the layers and the phases of a training, as JSON. Names and defaults are Keras's, in this
 * project's spelling. The types, the check and the JSON Schema for editors all come from here.
 */
import { FILL_MODES } from '@anke/data';
import { z } from 'zod';
import { layerSchema } from './layers.js';
import { fraction, name, positive, positiveInteger, range } from './values.js';

const optimizer = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('Adam'),
    learningRate: positive.default(0.001),
    beta1: fraction.exactOptional(),
    beta2: fraction.exactOptional(),
    epsilon: positive.exactOptional(),
  }),
  z.strictObject({
    type: z.literal('SGD'),
    learningRate: positive.default(0.01),
    momentum: fraction.exactOptional(),
    nesterov: z.boolean().exactOptional(),
  }),
]);

const schedule = z.discriminatedUnion('type', [
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

const monitor = z.string().default('val_loss').describe('what is watched: val_loss, val_accuracy, loss or accuracy');
const mode = z.enum(['auto', 'min', 'max']).exactOptional();

const callback = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('EarlyStopping'),
    monitor,
    mode,
    patience: z.int().min(0).default(0),
    minDelta: z.number().min(0).exactOptional(),
    restoreBestWeights: z.boolean().default(false),
  }),
  z.strictObject({
    type: z.literal('ModelCheckpoint'),
    filepath: z
      .string()
      .default('checkpoints/{phase}-{epoch:02d}.safetensors')
      .describe('in the run folder; {epoch:02d}, {val_loss:.4f}, {phase} are filled in'),
    monitor,
    mode,
    saveBestOnly: z.boolean().default(false),
  }),
  z.strictObject({
    type: z.literal('ReduceLROnPlateau'),
    monitor,
    mode,
    factor: z.number().gt(0).lt(1).default(0.1),
    patience: z.int().min(0).default(10),
    minDelta: z.number().min(0).exactOptional(),
    cooldown: z.int().min(0).exactOptional(),
    minLearningRate: z.number().min(0).exactOptional(),
  }),
  z.strictObject({ type: z.literal('LearningRateScheduler'), schedule }),
  z.strictObject({
    type: z.literal('CSVLogger'),
    filename: z.string().default('{phase}.csv').describe('in the run folder; {phase} is filled in'),
    separator: z.string().length(1).default(','),
  }),
  z.strictObject({
    type: z.literal('TensorBoard'),
    logDir: z.string().default('tensorboard').describe('in the run folder; each phase has a folder in it'),
  }),
  z.strictObject({ type: z.literal('TerminateOnNaN') }),
]);

const phase = z.strictObject({
  name: name.exactOptional().describe('default: the optimizer, in small letters'),
  optimizer,
  epochs: z.int().min(0).describe('at most'),
  callbacks: z.array(callback).default([]),
});

const data = z.strictObject({
  path: z.string().exactOptional().describe('a folder, an archive or a file, from where this recipe is'),
  limit: positiveInteger.exactOptional().describe('use only the first rows'),
  imageShape: z
    .tuple([positiveInteger, positiveInteger, positiveInteger])
    .exactOptional()
    .describe('height, width, channels, where the files do not tell'),
  validationSplit: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.2)
    .describe('share of the rows, the first ones, held out for validation'),
});

const augmentation = z
  .strictObject({
    rotationRange: z.number().exactOptional().describe('degrees, either way'),
    widthShiftRange: z.union([z.number(), z.array(z.number())]).exactOptional(),
    heightShiftRange: z.union([z.number(), z.array(z.number())]).exactOptional(),
    shearRange: z.number().exactOptional().describe('degrees, either way'),
    zoomRange: range.exactOptional(),
    horizontalFlip: z.boolean().exactOptional(),
    verticalFlip: z.boolean().exactOptional(),
    brightnessRange: z.tuple([z.number(), z.number()]).exactOptional(),
    fillMode: z.enum(FILL_MODES).exactOptional(),
    cval: z.number().exactOptional(),
  })
  .describe('how training images are changed at random, as ImageDataGenerator does it');

export const recipeSchema = z
  .strictObject({
    $schema: z.string().exactOptional(),
    name: name.exactOptional().describe('part of the run folder’s name; default: the file’s'),
    description: z.string().exactOptional(),
    seed: z
      .int()
      .min(0)
      .max(2 ** 32 - 1)
      .default(77)
      .describe('everything random comes from it'),
    batchSize: positiveInteger.default(32),
    storage: z
      .enum(['float32', 'float16'])
      .default('float32')
      .describe('how activations are kept on the device; sums, weights and gradients are float32 either way'),
    data: data.prefault({}),
    augmentation: augmentation.exactOptional(),
    layers: z.array(layerSchema).min(1),
    phases: z
      .array(phase)
      .min(1)
      .describe('one after the other; each begins with the weights that the one before has left'),
  })
  .describe('A training for "anke train" and "anke notebook".');

/** A recipe as it is written: what has a default may be left out. */
export type Recipe = z.input<typeof recipeSchema>;
/** A recipe with all its defaults. */
export type ResolvedRecipe = z.output<typeof recipeSchema> & { readonly name: string };
export type RecipeLayer = ResolvedRecipe['layers'][number];
export type RecipePhase = ResolvedRecipe['phases'][number];
export type RecipeCallback = RecipePhase['callbacks'][number];
export type Schedule = z.output<typeof schedule>;

/** JSON Schema (draft 2020-12) of what may be written. */
export const recipeJsonSchema = (): object => ({
  ...z.toJSONSchema(recipeSchema, { io: 'input', unrepresentable: 'any' }),
  title: 'A recipe of Anke',
});
