/**
 * What becomes of each type of layer in TensorFlow.js: a layer of its own or a few, with Keras's names for their
 * options.
 */
import type { LayerOptionsOf, LayerType } from '@anke/nn';
import { ExchangeError } from '../errors.js';
import { paddedSides, pair } from '../options.js';
import { activationLayer, elu, gelu, leaky, withActivation } from './activations.js';
import { resampling } from './resampling.js';
import type { TensorFlowLayer, TensorFlowSource } from './source.js';

const CHANNELS_LAST = { data_format: 'channels_last' };

const regularizer = (penalty: { readonly l2: number } | undefined): object | null =>
  penalty ? { class_name: 'L1L2', config: { l1: 0, l2: penalty.l2 } } : null;

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

const LAYERS = {
  Activation: ({ options: { activation } }) => [activationLayer(activation)],
  Add: () => [{ className: 'Add', config: {} }],
  AveragePooling2D: ({ options }) => pool('AveragePooling2D', options),
  BatchNormalization: ({ options: { momentum = 0.99, epsilon = 1e-3 } }) => [
    { className: 'BatchNormalization', config: { axis: -1, momentum, epsilon, center: true, scale: true } },
  ],
  Concatenate: () => [{ className: 'Concatenate', config: { axis: -1 } }],
  Conv2D: ({ options }) => {
    const { filters, kernelSize, strides = 1, padding = 'valid', useBias = true, kernelRegularizer } = options;
    const config = {
      filters,
      kernel_size: pair(kernelSize),
      strides: pair(strides),
      dilation_rate: [1, 1],
      padding,
      use_bias: useBias,
      kernel_regularizer: regularizer(kernelRegularizer),
      ...CHANNELS_LAST,
    };
    return withActivation({ className: 'Conv2D', config }, options.activation);
  },
  Dense: ({ options }) => {
    const { units, useBias = true, kernelRegularizer } = options;
    const config = { units, use_bias: useBias, kernel_regularizer: regularizer(kernelRegularizer) };
    return withActivation({ className: 'Dense', config }, options.activation);
  },
  DepthwiseConv2D: ({ options }) => {
    const { kernelSize, strides = 1, padding = 'valid', depthMultiplier = 1, useBias = true } = options;
    const config = {
      kernel_size: pair(kernelSize),
      strides: pair(strides),
      depth_multiplier: depthMultiplier,
      padding,
      use_bias: useBias,
      depthwise_regularizer: regularizer(options.depthwiseRegularizer),
      ...CHANNELS_LAST,
    };
    return withActivation({ className: 'DepthwiseConv2D', config }, options.activation);
  },
  Dropout: ({ options: { rate } }) => [{ className: 'Dropout', config: { rate } }],
  ELU: ({ name, options: { alpha = 1 } }) => [elu(name, alpha)],
  // TensorFlow.js refuses to flatten what is flat.
  Flatten: ({ inputShape }) =>
    inputShape.length === 1
      ? [{ className: 'Activation', config: { activation: 'linear' } }]
      : [{ className: 'Flatten', config: CHANNELS_LAST }],
  GELU: ({ name, options: { approximate = false } }) => [gelu(name, approximate)],
  GlobalAveragePooling2D: () => [{ className: 'GlobalAveragePooling2D', config: CHANNELS_LAST }],
  // The image three times, side by side.
  GrayscaleToRGB: () => [{ className: 'Concatenate', config: { axis: -1 }, times: 3 }],
  LeakyReLU: ({ options: { negativeSlope = 0.3 } }) => [leaky(negativeSlope)],
  MaxPooling2D: ({ options }) => pool('MaxPooling2D', options),
  ReLU: rectifier,
  Rescaling: ({ options: { scale, offset = 0 } }) => [{ className: 'Rescaling', config: { scale, offset } }],
  Resizing: resampling,
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
export const tensorFlowWeight = (type: LayerType, weight: string): string =>
  type === 'DepthwiseConv2D' && weight === 'kernel' ? 'depthwise_kernel' : weight;
