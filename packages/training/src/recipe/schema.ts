/**
 * What a recipe is: the data, the layers and the phases of a training, as JSON. Names and defaults are Keras's, in this
 * project's spelling. The types, the check and the JSON Schema for editors all come from here.
 */
import { FILL_MODES } from '@anke/data';
import { z } from 'zod';
import { callbackSchema, type scheduleSchema } from './callbacks.js';
import { layerSchema } from './layers.js';
import { lossSchema, metricSchema } from './losses.js';
import { optimizerSchema } from './optimizers.js';
import { name, positiveInteger, range } from './values.js';

const phase = z.strictObject({
  name: name.exactOptional().describe('default: the optimizer, in small letters'),
  optimizer: optimizerSchema,
  epochs: z.int().min(0).describe('at most'),
  callbacks: z.array(callbackSchema).default([]),
});

const writers = z
  .strictObject({
    folds: z.int().min(2).describe('parts that the writers are put into'),
    fold: positiveInteger.default(1).describe('which part is held out, from 1'),
    rowsPerWriter: positiveInteger.default(1280).describe('rows that one person has written; default: Kannada-MNIST’s'),
  })
  .refine(({ folds, fold }) => fold <= folds, 'the fold must be one of the folds')
  .describe('hold out whole writers, whose rows come one behind the other, instead of a share of the rows');

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
    .describe('share of the rows held out for validation, the first ones unless said otherwise'),
  shuffleSplit: z.boolean().exactOptional().describe('draw the rows for validation, by the seed'),
  stratified: z.boolean().exactOptional().describe('hold out the same share of each class'),
  writers: writers.exactOptional(),
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
    elasticRange: z
      .number()
      .exactOptional()
      .describe('how far a smooth distortion pulls: below 1 a share of the sides, else pixels'),
    strokeRange: z.number().exactOptional().describe('pixels that strokes grow or shrink at each edge'),
    contrastRange: z.tuple([z.number(), z.number()]).exactOptional().describe('factors of the distance from the mean'),
    noise: z.number().exactOptional().describe('standard deviation, in the pixels’ own numbers'),
    erasing: z.number().exactOptional().describe('share of the images in which a rectangle is erased'),
    erasingRange: z
      .tuple([z.number(), z.number()])
      .exactOptional()
      .describe('sides of the rectangle, as shares of the image’s; default: 0.15 to 0.35'),
  })
  .describe('how training images are changed at random, as ImageDataGenerator does it, and more');

const weights = z
  .strictObject({
    path: z.string().describe('.safetensors, .h5 or .keras, from where this recipe is'),
    partial: z
      .boolean()
      .default(false)
      .describe('layers that the file does not have keep their first weights, and others of the file are unused'),
  })
  .describe('what the training begins with, instead of fresh weights');

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
    weights: weights.exactOptional(),
    loss: lossSchema.default({ type: 'SparseCategoricalCrossentropy' }),
    metrics: z
      .array(metricSchema)
      .exactOptional()
      .describe('what is told beside the loss; default: the accuracy, where the loss is a cross-entropy'),
    classWeight: z
      .union([z.literal('balanced'), z.record(z.string().regex(/^\d+$/, 'must be a class number'), z.number().min(0))])
      .exactOptional()
      .describe('factors of classes in the training’s loss, by their numbers; "balanced" lets each count alike'),
    stepsPerEpoch: positiveInteger
      .exactOptional()
      .describe('steps after which an epoch ends; default: once over the images'),
    validationFreq: z
      .union([positiveInteger, z.array(positiveInteger)])
      .exactOptional()
      .describe('every how many epochs is validated, or after which epochs, counted from 1; default: 1'),
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
export type Schedule = z.output<typeof scheduleSchema>;

/** JSON Schema (draft 2020-12) of what may be written. */
export const recipeJsonSchema = (): object => ({
  ...z.toJSONSchema(recipeSchema, { io: 'input', unrepresentable: 'any' }),
  title: 'A recipe of Anke',
});
