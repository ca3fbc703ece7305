/**
 * What becomes of each type of layer in TensorFlow.js: a layer of its own or a few, with Keras's names for their
 * options.
 */
import { caffeScale, type LayerOptionsOf, type LayerType, NORMALIZATION_EPSILON, type Regularizer } from '@anke/nn';
import { ExchangeError } from '../errors.js';
import { paddedSides, pair } from '../options.js';
import { activationLayer, elu, gelu, leaky, withActivation } from './activations.js';
import { resampling } from './resampling.js';
import type { TensorFlowLayer, TensorFlowSource } from './source.js';

const CHANNELS_LAST = { data_format: 'channels_last' };

const regularizer = (penalty: Regularizer | undefined): object | null =>
  penalty ? { class_name: 'L1L2', config: { l1: penalty.l1 ?? 0, l2: penalty.l2 ?? 0 } } : null;

/** The options of a bias; Keras's description has a regularizer of a bias only where one is asked for. */
const biasOptions = ({ useBias = true, biasRegularizer }: BiasOptions): TensorFlowLayer['config'] => ({
  use_bias: useBias,
  ...(biasRegularizer ? { bias_regularizer: regularizer(biasRegularizer) } : {}),
});

interface BiasOptions {
  readonly useBias?: boolean;
  readonly biasRegularizer?: Regularizer;
}

/** @throws ExchangeError with what TensorFlow.js would leave out without a word */
function refuse(isAsked: boolean, { name }: TensorFlowSource, type: LayerType, what: string): void {
  if (isAsked)
    throw new ExchangeError(`layer "${name}" (${type}) has ${what}, which TensorFlow.js ignores: export it as ONNX`);
}

const pool = (className: string, options: LayerOptionsOf<'MaxPooling2D'>): TensorFlowLayer[] => {
  const { poolSize = 2, strides = poolSize, padding = 'valid' } = options;
  return [{ className, config: { pool_size: pair(poolSize), strides: pair(strides), padding, ...CHANNELS_LAST } }];
};

function rectifier({ name, options }: TensorFlowSource<LayerOptionsOf<'ReLU'>>): TensorFlowLayer[] {
  const { maxValue, negativeSlope = 0 } = options;
  if (negativeSlope === 0)
    return [{ className: 'ReLU', config: maxValue === undefined ? {} : { max_value: maxValue } }];
  if (maxValue === undefined) return [leaky(negativeSlope)];
  throw new ExchangeError(
    `layer "${name}" (ReLU) has both a maxValue and a negativeSlope, which TensorFlow.js has no layer for: ` +
      'leave one out, or export the model as ONNX',
  );
}

function depthwise(options: LayerOptionsOf<'DepthwiseConv2D'>): Readonly<Record<string, unknown>> {
  const { kernelSize, strides = 1, padding = 'valid', depthMultiplier = 1 } = options;
  return {
    kernel_size: pair(kernelSize),
    strides: pair(strides),
    depth_multiplier: depthMultiplier,
    padding,
    ...biasOptions(options),
    depthwise_regularizer: regularizer(options.depthwiseRegularizer),
    ...CHANNELS_LAST,
  };
}

/** Channels in another order, scaled and shifted, are a product with a constant matrix along the last axis. */
function reversedChannels(options: LayerOptionsOf<'CaffePreprocessing'>): TensorFlowLayer {
  const { factor, offsets } = caffeScale(options);
  const { length } = offsets;
  const values = new Float32Array(length * length);
  for (let c = 0; c < length; c++) values[(length - 1 - c) * length + c] = factor;
  return {
    className: 'Dense',
    config: { units: length, activation: 'linear', use_bias: true, trainable: false },
    constants: {
      kernel: { shape: [length, length], values },
      bias: { shape: [length], values: Float32Array.from(offsets) },
    },
  };
}

const LAYERS = {
  Activation: ({ options: { activation } }) => [activationLayer(activation)],
  Add: () => [{ className: 'Add', config: {} }],
  Average: () => [{ className: 'Average', config: {} }],
  AveragePooling2D: ({ options }) => pool('AveragePooling2D', options),
  BatchNormalization: ({ options: { momentum = 0.99, epsilon = 1e-3, center = true, scale = true } }) => [
    { className: 'BatchNormalization', config: { axis: -1, momentum, epsilon, center, scale } },
  ],
  CaffePreprocessing: ({ options }) => [reversedChannels(options)],
  Concatenate: () => [{ className: 'Concatenate', config: { axis: -1 } }],
  Conv2D: (source) => {
    const { filters, kernelSize, strides = 1, dilationRate = 1, groups = 1, padding = 'valid' } = source.options;
    refuse(groups > 1, source, 'Conv2D', 'groups');
    const config = {
      filters,
      kernel_size: pair(kernelSize),
      strides: pair(strides),
      dilation_rate: pair(dilationRate),
      padding,
      ...biasOptions(source.options),
      kernel_regularizer: regularizer(source.options.kernelRegularizer),
      ...CHANNELS_LAST,
    };
    return withActivation({ className: 'Conv2D', config }, source.options.activation);
  },
  Dense: ({ options }) => {
    const { units, kernelRegularizer } = options;
    const config = { units, ...biasOptions(options), kernel_regularizer: regularizer(kernelRegularizer) };
    return withActivation({ className: 'Dense', config }, options.activation);
  },
  DepthwiseConv2D: (source) => {
    refuse(Math.max(...pair(source.options.dilationRate ?? 1)) > 1, source, 'DepthwiseConv2D', 'a dilationRate');
    return withActivation(
      { className: 'DepthwiseConv2D', config: depthwise(source.options) },
      source.options.activation,
    );
  },
  Dropout: ({ options: { rate } }) => [{ className: 'Dropout', config: { rate } }],
  ELU: ({ name, options: { alpha = 1 } }) => [elu(name, alpha)],
  // TensorFlow.js refuses to flatten what is flat.
  Flatten: ({ inputShape }) =>
    inputShape.length === 1
      ? [{ className: 'Activation', config: { activation: 'linear' } }]
      : [{ className: 'Flatten', config: CHANNELS_LAST }],
  GELU: ({ name, options: { approximate = false } }) => [gelu(name, approximate)],
  GaussianNoise: ({ options: { stddev } }) => [{ className: 'GaussianNoise', config: { stddev } }],
  GlobalAveragePooling2D: () => [{ className: 'GlobalAveragePooling2D', config: CHANNELS_LAST }],
  GlobalMaxPooling2D: () => [{ className: 'GlobalMaxPooling2D', config: CHANNELS_LAST }],
  // The image three times, side by side.
  GrayscaleToRGB: () => [{ className: 'Concatenate', config: { axis: -1 }, times: 3 }],
  LayerNormalization: ({ options: { epsilon = 1e-3, center = true, scale = true } }) => [
    { className: 'LayerNormalization', config: { axis: -1, epsilon, center, scale } },
  ],
  LeakyReLU: ({ options: { negativeSlope = 0.3 } }) => [leaky(negativeSlope)],
  MaxPooling2D: ({ options }) => pool('MaxPooling2D', options),
  Multiply: () => [{ className: 'Multiply', config: {} }],
  Normalization: () => [
    {
      className: 'BatchNormalization',
      config: { axis: -1, momentum: 1, epsilon: NORMALIZATION_EPSILON, center: false, scale: false },
    },
  ],
  ReLU: rectifier,
  Rescaling: ({ options: { scale, offset = 0 } }) => [{ className: 'Rescaling', config: { scale, offset } }],
  // The sides are all told: from −1, the layers behind would not know how many weights they have.
  Reshape: ({ outputShape }) => [{ className: 'Reshape', config: { target_shape: outputShape } }],
  Resizing: resampling,
  SeparableConv2D: ({ options }) => {
    const config = {
      filters: options.filters,
      ...depthwise(options),
      dilation_rate: pair(options.dilationRate ?? 1),
      pointwise_regularizer: regularizer(options.pointwiseRegularizer),
    };
    return withActivation({ className: 'SeparableConv2D', config }, options.activation);
  },
  // A dropout that draws a number for each sample and channel; TensorFlow.js has no layer of that name.
  SpatialDropout2D: ({ options: { rate } }) => [
    { className: 'Dropout', config: { rate, noise_shape: [null, 1, 1, null] } },
  ],
  UpSampling2D: (source) => {
    const { size = 2, interpolation = 'nearest' } = source.options;
    if (interpolation === 'nearest')
      return [{ className: 'UpSampling2D', config: { size: pair(size), interpolation, ...CHANNELS_LAST } }];
    const [height = 1, width = 1] = source.outputShape;
    return resampling({ ...source, options: { height, width, interpolation } });
  },
  ZeroPadding2D: ({ options }) => [
    { className: 'ZeroPadding2D', config: { padding: paddedSides(options), ...CHANNELS_LAST } },
  ],
} satisfies { readonly [T in LayerType]: (source: TensorFlowSource<LayerOptionsOf<T>>) => TensorFlowLayer[] };

/**
 * What becomes of a layer. Its options are those of a layer of that type.
 *
 * @throws ExchangeError if it has no counterpart
 */
export const tensorFlowLayers = (type: LayerType, source: TensorFlowSource): TensorFlowLayer[] =>
  (LAYERS[type] as (source: TensorFlowSource<never>) => TensorFlowLayer[])(source as TensorFlowSource<never>);

/** TensorFlow.js's name of a weight. */
export const tensorFlowWeight = (type: LayerType, weight: string): string => WEIGHTS[type]?.[weight] ?? weight;

/** Names that differ from this project's. */
const WEIGHTS: { readonly [T in LayerType]?: Readonly<Record<string, string>> } = {
  DepthwiseConv2D: { kernel: 'depthwise_kernel' },
  Normalization: { mean: 'moving_mean', variance: 'moving_variance' },
};
