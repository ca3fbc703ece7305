/**
 * What becomes of each type of layer in TensorFlow.js: a layer of its own or a few, with Keras's names for their
 * options.
 */
import type { ActivationName, LayerOptionsOf, LayerType } from '@anke/nn';
import { ExchangeError } from '../errors.js';
import { paddedSides, pair } from '../options.js';
import { resampling } from './resampling.js';
import type { TensorFlowLayer, TensorFlowSource } from './source.js';

const CHANNELS_LAST = { data_format: 'channels_last' };

const regularizer = (penalty: { readonly l2: number } | undefined): object | null =>
  penalty ? { class_name: 'L1L2', config: { l1: 0, l2: penalty.l2 } } : null;

const product = ({
  activation = 'linear',
  useBias = true,
}: {
  readonly activation?: ActivationName;
  readonly useBias?: boolean;
}): TensorFlowLayer['config'] => ({ activation, use_bias: useBias });

const pool = (className: string, options: LayerOptionsOf<'MaxPooling2D'>): TensorFlowLayer[] => {
  const { poolSize = 2, strides = poolSize, padding = 'valid' } = options;
  return [{ className, config: { pool_size: pair(poolSize), strides: pair(strides), padding, ...CHANNELS_LAST } }];
};

function rectifier({ name, options }: TensorFlowSource<LayerOptionsOf<'ReLU'>>): TensorFlowLayer[] {
  const { maxValue, negativeSlope = 0 } = options;
  if (negativeSlope === 0)
    return [{ className: 'ReLU', config: maxValue === undefined ? {} : { max_value: maxValue } }];
  if (maxValue === undefined) return [{ className: 'LeakyReLU', config: { alpha: negativeSlope } }];
  throw new ExchangeError(
    `layer "${name}" (ReLU) has both a maxValue and a negativeSlope, which TensorFlow.js has no layer for: ` +
      'leave one out, or export the model as ONNX',
  );
}

const LAYERS = {
  Activation: ({ options: { activation } }) => [{ className: 'Activation', config: { activation } }],
  Add: () => [{ className: 'Add', config: {} }],
  AveragePooling2D: ({ options }) => pool('AveragePooling2D', options),
  BatchNormalization: ({ options: { momentum = 0.99, epsilon = 1e-3 } }) => [
    { className: 'BatchNormalization', config: { axis: -1, momentum, epsilon, center: true, scale: true } },
  ],
  Concatenate: () => [{ className: 'Concatenate', config: { axis: -1 } }],
  Conv2D: ({ options }) => {
    const { filters, kernelSize, strides = 1, padding = 'valid', kernelRegularizer } = options;
    const config = {
      filters,
      kernel_size: pair(kernelSize),
      strides: pair(strides),
      dilation_rate: [1, 1],
      padding,
      ...product(options),
      kernel_regularizer: regularizer(kernelRegularizer),
      ...CHANNELS_LAST,
    };
    return [{ className: 'Conv2D', config }];
  },
  Dense: ({ options }) => {
    const { units, kernelRegularizer } = options;
    const config = { units, ...product(options), kernel_regularizer: regularizer(kernelRegularizer) };
    return [{ className: 'Dense', config }];
  },
  DepthwiseConv2D: ({ options }) => {
    const { kernelSize, strides = 1, padding = 'valid', depthMultiplier = 1, depthwiseRegularizer } = options;
    const config = {
      kernel_size: pair(kernelSize),
      strides: pair(strides),
      depth_multiplier: depthMultiplier,
      padding,
      ...product(options),
      depthwise_regularizer: regularizer(depthwiseRegularizer),
      ...CHANNELS_LAST,
    };
    return [{ className: 'DepthwiseConv2D', config }];
  },
  Dropout: ({ options: { rate } }) => [{ className: 'Dropout', config: { rate } }],
  // TensorFlow.js refuses to flatten what is flat.
  Flatten: ({ inputShape }) =>
    inputShape.length === 1
      ? [{ className: 'Activation', config: { activation: 'linear' } }]
      : [{ className: 'Flatten', config: CHANNELS_LAST }],
  GlobalAveragePooling2D: () => [{ className: 'GlobalAveragePooling2D', config: CHANNELS_LAST }],
  // The image three times, side by side.
  GrayscaleToRGB: () => [{ className: 'Concatenate', config: { axis: -1 }, times: 3 }],
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
