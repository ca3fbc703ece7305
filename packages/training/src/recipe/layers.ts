/**
 * What a recipe may say of each type of layer. Names and defaults are Keras's, in this project's spelling: a default is
 * left to the layer itself.
 */
import { z } from 'zod';
import {
  activation,
  fraction,
  kernelRegularizer,
  name,
  padding,
  pair,
  positive,
  positiveInteger,
  typed,
} from './values.js';

/** A type of layer with its options. */
const layer = <T extends string, O extends z.core.$ZodLooseShape>(type: T, options: O) =>
  typed(type, { name: name.exactOptional(), ...options });

/** A table by type of layer. */
export const layerSchemas = {
  Conv2D: layer('Conv2D', {
    filters: positiveInteger,
    kernelSize: pair,
    strides: pair.exactOptional(),
    padding: padding.exactOptional(),
    activation: activation.exactOptional(),
    kernelRegularizer: kernelRegularizer.exactOptional(),
  }),
  BatchNormalization: layer('BatchNormalization', {
    momentum: z.number().min(0).max(1).exactOptional(),
    epsilon: positive.exactOptional(),
  }),
  MaxPooling2D: layer('MaxPooling2D', {
    poolSize: pair.exactOptional(),
    strides: pair.exactOptional(),
    padding: padding.exactOptional(),
  }),
  Flatten: layer('Flatten', {}),
  Dense: layer('Dense', {
    units: z.union([positiveInteger, z.literal('classes')]).describe('"classes" is as many as the data has'),
    activation: activation.exactOptional(),
    kernelRegularizer: kernelRegularizer.exactOptional(),
  }),
  Dropout: layer('Dropout', { rate: fraction }),
  Activation: layer('Activation', { activation }),
};

type LayerSchema = (typeof layerSchemas)[keyof typeof layerSchemas];

export const layerSchema = z.discriminatedUnion('type', Object.values(layerSchemas) as [LayerSchema, ...LayerSchema[]]);
