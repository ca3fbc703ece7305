/** How each type of layer is made from its options: what saved models and recipes are read with. */
import { quoted } from '@anke/messages';
import { FormatError } from '../errors.js';
import { ACTIVATIONS, Activation, type ActivationOptions } from './activation.js';
import { Add } from './add.js';
import { Average } from './average.js';
import { AveragePooling2D } from './average-pooling-2d.js';
import { BatchNormalization, type BatchNormalizationOptions } from './batch-normalization.js';
import { CaffePreprocessing, type CaffePreprocessingOptions } from './caffe-preprocessing.js';
import { Concatenate } from './concatenate.js';
import { Conv2D, type Conv2DOptions } from './conv2d.js';
import type { LayerOptions } from './definition.js';
import { Dense, type DenseOptions } from './dense.js';
import { DepthwiseConv2D, type DepthwiseConv2DOptions } from './depthwise-conv2d.js';
import { Dropout, type DropoutOptions } from './dropout.js';
import { ELU, type ELUOptions } from './elu.js';
import { Flatten } from './flatten.js';
import { GaussianNoise, type GaussianNoiseOptions } from './gaussian-noise.js';
import { GELU, type GELUOptions } from './gelu.js';
import { GlobalAveragePooling2D } from './global-average-pooling-2d.js';
import { GlobalMaxPooling2D } from './global-max-pooling-2d.js';
import { GrayscaleToRGB } from './grayscale-to-rgb.js';
import type { Layer } from './layer.js';
import { LayerNormalization, type LayerNormalizationOptions } from './layer-normalization.js';
import { LAYER_TYPES, type LayerType } from './layer-type.js';
import { LeakyReLU, type LeakyReLUOptions } from './leaky-relu.js';
import { MaxPooling2D } from './max-pooling-2d.js';
import { Multiply } from './multiply.js';
import { Normalization, type NormalizationOptions } from './normalization.js';
import type { Pooling2DOptions } from './pooling-2d.js';
import { ReLU, type ReLUOptions } from './relu.js';
import { Rescaling, type RescalingOptions } from './rescaling.js';
import { Reshape, type ReshapeOptions } from './reshape.js';
import { INTERPOLATIONS, Resizing, type ResizingOptions } from './resizing.js';
import { SeparableConv2D, type SeparableConv2DOptions } from './separable-conv2d.js';
import { SpatialDropout2D } from './spatial-dropout-2d.js';
import { UpSampling2D, type UpSampling2DOptions } from './up-sampling-2d.js';
import { isWeightOption, weightOptionFault } from './weight-options.js';
import { ZeroPadding2D, type ZeroPadding2DOptions } from './zero-padding-2d.js';

export const catalogue = {
  Activation: (options: ActivationOptions) => new Activation(options),
  Add: (options: LayerOptions) => new Add(options),
  Average: (options: LayerOptions) => new Average(options),
  AveragePooling2D: (options: Pooling2DOptions) => new AveragePooling2D(options),
  BatchNormalization: (options: BatchNormalizationOptions) => new BatchNormalization(options),
  CaffePreprocessing: (options: CaffePreprocessingOptions) => new CaffePreprocessing(options),
  Concatenate: (options: LayerOptions) => new Concatenate(options),
  Conv2D: (options: Conv2DOptions) => new Conv2D(options),
  Dense: (options: DenseOptions) => new Dense(options),
  DepthwiseConv2D: (options: DepthwiseConv2DOptions) => new DepthwiseConv2D(options),
  Dropout: (options: DropoutOptions) => new Dropout(options),
  ELU: (options: ELUOptions) => new ELU(options),
  Flatten: (options: LayerOptions) => new Flatten(options),
  GELU: (options: GELUOptions) => new GELU(options),
  GaussianNoise: (options: GaussianNoiseOptions) => new GaussianNoise(options),
  GlobalAveragePooling2D: (options: LayerOptions) => new GlobalAveragePooling2D(options),
  GlobalMaxPooling2D: (options: LayerOptions) => new GlobalMaxPooling2D(options),
  GrayscaleToRGB: (options: LayerOptions) => new GrayscaleToRGB(options),
  LayerNormalization: (options: LayerNormalizationOptions) => new LayerNormalization(options),
  LeakyReLU: (options: LeakyReLUOptions) => new LeakyReLU(options),
  MaxPooling2D: (options: Pooling2DOptions) => new MaxPooling2D(options),
  Multiply: (options: LayerOptions) => new Multiply(options),
  Normalization: (options: NormalizationOptions) => new Normalization(options),
  ReLU: (options: ReLUOptions) => new ReLU(options),
  Rescaling: (options: RescalingOptions) => new Rescaling(options),
  Reshape: (options: ReshapeOptions) => new Reshape(options),
  Resizing: (options: ResizingOptions) => new Resizing(options),
  SeparableConv2D: (options: SeparableConv2DOptions) => new SeparableConv2D(options),
  SpatialDropout2D: (options: DropoutOptions) => new SpatialDropout2D(options),
  UpSampling2D: (options: UpSampling2DOptions) => new UpSampling2D(options),
  ZeroPadding2D: (options: ZeroPadding2DOptions) => new ZeroPadding2D(options),
} satisfies Record<LayerType, (options: never) => Layer>;

/** The options of a type of layer. */
export type LayerOptionsOf<T extends LayerType> = Parameters<(typeof catalogue)[T]>[0];

/**
 * A layer from what a file says of it. That its numbers are in range, the layer itself checks.
 *
 * @throws FormatError if there is no such type, or if an option is missing or of another kind
 * @throws ModelError if a number is out of range
 */
export function makeLayer(type: string, options: object): Layer {
  if (!Object.hasOwn(catalogue, type))
    throw new FormatError(`there is no layer of the type ${quoted(type)}, only ${LAYER_TYPES.join(', ')}`);
  for (const [name, value] of Object.entries(options)) checkOption(type, name, value);
  try {
    return catalogue[type as LayerType](options as never);
  } catch (error) {
    if (error instanceof TypeError) throw new FormatError(`a ${type} cannot be made of its options: ${error.message}`);
    throw error;
  }
}

/** What options may be that are no numbers. */
const WORDS: ReadonlyMap<string, readonly unknown[]> = new Map<string, readonly unknown[]>([
  ['activation', ACTIVATIONS],
  ['approximate', [true, false]],
  ['center', [true, false]],
  ['interpolation', INTERPOLATIONS],
  ['padding', ['valid', 'same']],
  ['scale', [true, false]],
  ['trainable', [true, false]],
  ['useBias', [true, false]],
]);
/** Options that are numbers here, though of other layers they are words. */
const NUMBERS: ReadonlySet<string> = new Set(['Rescaling scale', 'ZeroPadding2D padding']);

/** @throws FormatError if the option's value is of a kind that no layer takes for it */
function checkOption(type: string, name: string, value: unknown): void {
  const fail = (expected: string): never => {
    throw new FormatError(`a ${type}'s ${quoted(name)} must be ${expected}, not ${quoted(value)}`);
  };
  const isNumber = (one: unknown): boolean => typeof one === 'number' || (Array.isArray(one) && one.every(isNumber));
  const words = NUMBERS.has(`${type} ${name}`) ? undefined : WORDS.get(name);
  if (name === 'name' || value === undefined) return;
  if (words) {
    if (!words.includes(value)) fail(`one of ${words.join(', ')}`);
  } else if (isWeightOption(name)) {
    const fault = weightOptionFault(name, value);
    if (fault !== undefined) throw new FormatError(`a ${type}'s ${quoted(name)} ${fault}, not ${quoted(value)}`);
  } else if (!isNumber(value)) fail('a number, or a list of numbers');
}
