/**
 * What a recipe may say of each type of layer. Names and defaults are Keras's, in this project's spelling: a default is
 * left to the layer itself. A layer is fed by the one before it in the list, or by those that its `inputs` name.
 */
import { ACTIVATIONS, INTERPOLATIONS, type LayerType } from '@anke/nn';
import { z } from 'zod';
import { initializer } from './initializers.js';
import { fraction, name, padding, pair, positive, positiveInteger, regularizer, typed } from './values.js';

/** A type of layer with its options. */
const layer = <T extends LayerType, O extends z.core.$ZodLooseShape>(type: T, options: O) =>
  typed(type, {
    name: name.exactOptional(),
    inputs: z
      .array(z.string())
      .min(1)
      .exactOptional()
      .describe('names of the layers that feed it; "input" is the images; default: the layer before'),
    trainable: z.boolean().exactOptional().describe('false leaves its weights as they are'),
    ...options,
  });

const activation = z.enum(ACTIVATIONS);
const product = {
  activation: activation.exactOptional(),
  useBias: z.boolean().exactOptional(),
  biasInitializer: initializer.exactOptional(),
  biasRegularizer: regularizer.exactOptional(),
};
const kernel = { kernelInitializer: initializer.exactOptional(), kernelRegularizer: regularizer.exactOptional() };
const window = { strides: pair.exactOptional(), padding: padding.exactOptional() };
const dilationRate = pair.describe('distance of the kernel’s taps; not with strides above 1').exactOptional();
const pooling = { poolSize: pair.exactOptional(), ...window };
const depthwise = {
  kernelSize: pair,
  ...window,
  dilationRate,
  depthMultiplier: positiveInteger.exactOptional(),
  ...product,
  depthwiseInitializer: initializer.exactOptional(),
  depthwiseRegularizer: regularizer.exactOptional(),
};
const border = z.tuple([z.int().min(0), z.int().min(0)]);

/** A table by type of layer. */
export const layerSchemas = {
  Activation: layer('Activation', { activation }),
  Add: layer('Add', {}),
  Average: layer('Average', {}),
  AveragePooling2D: layer('AveragePooling2D', pooling),
  BatchNormalization: layer('BatchNormalization', {
    momentum: z.number().min(0).max(1).exactOptional(),
    epsilon: positive.exactOptional(),
    center: z.boolean().exactOptional(),
    scale: z.boolean().exactOptional(),
    betaInitializer: initializer.exactOptional(),
    gammaInitializer: initializer.exactOptional(),
    movingMeanInitializer: initializer.exactOptional(),
    movingVarianceInitializer: initializer.exactOptional(),
    betaRegularizer: regularizer.exactOptional(),
    gammaRegularizer: regularizer.exactOptional(),
  }),
  CaffePreprocessing: layer('CaffePreprocessing', { largest: positive.exactOptional() }),
  Concatenate: layer('Concatenate', {}),
  Conv2D: layer('Conv2D', {
    filters: positiveInteger,
    kernelSize: pair,
    ...window,
    dilationRate,
    groups: positiveInteger.describe('parts of the channels and filters').exactOptional(),
    ...product,
    ...kernel,
  }),
  Dense: layer('Dense', {
    units: z.union([positiveInteger, z.literal('classes')]).describe('"classes" is as many as the data has'),
    ...product,
    ...kernel,
  }),
  DepthwiseConv2D: layer('DepthwiseConv2D', depthwise),
  Dropout: layer('Dropout', { rate: fraction }),
  ELU: layer('ELU', { alpha: z.number().exactOptional() }),
  Flatten: layer('Flatten', {}),
  GELU: layer('GELU', {
    approximate: z.boolean().exactOptional().describe('true takes the form with tanh for the exact one'),
  }),
  GaussianNoise: layer('GaussianNoise', { stddev: z.number().min(0) }),
  GlobalAveragePooling2D: layer('GlobalAveragePooling2D', {}),
  GlobalMaxPooling2D: layer('GlobalMaxPooling2D', {}),
  GrayscaleToRGB: layer('GrayscaleToRGB', {}),
  LayerNormalization: layer('LayerNormalization', {
    epsilon: positive.exactOptional(),
    center: z.boolean().exactOptional().describe('false leaves out beta'),
    scale: z.boolean().exactOptional().describe('false leaves out gamma'),
    betaInitializer: initializer.exactOptional(),
    gammaInitializer: initializer.exactOptional(),
    betaRegularizer: regularizer.exactOptional(),
    gammaRegularizer: regularizer.exactOptional(),
  }),
  LeakyReLU: layer('LeakyReLU', { negativeSlope: z.number().min(0).exactOptional() }),
  MaxPooling2D: layer('MaxPooling2D', pooling),
  Multiply: layer('Multiply', {}),
  Normalization: layer('Normalization', {
    mean: z.union([z.number(), z.array(z.number())]).exactOptional(),
    variance: z
      .union([z.number().min(0), z.array(z.number().min(0))])
      .exactOptional()
      .describe('without it and mean, both are those of the training images, each channel by itself'),
  }),
  ReLU: layer('ReLU', {
    maxValue: positive.exactOptional(),
    negativeSlope: z.number().min(0).exactOptional(),
  }),
  Rescaling: layer('Rescaling', { scale: z.number(), offset: z.number().exactOptional() }),
  Reshape: layer('Reshape', {
    targetShape: z
      .array(z.union([positiveInteger, z.literal(-1)]))
      .min(1)
      .describe('of one sample; -1: what is left'),
  }),
  Resizing: layer('Resizing', {
    height: positiveInteger,
    width: positiveInteger,
    interpolation: z.enum(INTERPOLATIONS).exactOptional(),
  }),
  SeparableConv2D: layer('SeparableConv2D', {
    filters: positiveInteger,
    ...depthwise,
    pointwiseInitializer: initializer.exactOptional(),
    pointwiseRegularizer: regularizer.exactOptional(),
  }),
  SpatialDropout2D: layer('SpatialDropout2D', { rate: fraction }),
  UpSampling2D: layer('UpSampling2D', {
    size: pair.exactOptional(),
    interpolation: z.enum(INTERPOLATIONS).exactOptional(),
  }),
  ZeroPadding2D: layer('ZeroPadding2D', {
    padding: z
      .union([z.int().min(0), border, z.tuple([border, border])])
      .exactOptional()
      .describe('on all sides; [rows, columns]; or [[top, bottom], [left, right]]'),
  }),
} satisfies Record<LayerType, z.ZodType>;

type LayerSchema = (typeof layerSchemas)[LayerType];

export const layerSchema = z.discriminatedUnion('type', Object.values(layerSchemas) as [LayerSchema, ...LayerSchema[]]);
