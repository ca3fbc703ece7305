/**
 * A model in the format of TensorFlow.js's layers (`tf.loadLayersModel`): `model.json` with Keras's description of the
 * layers, and `weights.bin`. Input: (batch, height, width, channels), pixels / 255.
 */
import type { Sequential } from '@anke/nn';
import { ExchangeError } from './errors.js';

type Config = Readonly<Record<string, unknown>>;

const pair = (value: unknown, otherwise: unknown): unknown => {
  const given = value ?? otherwise;
  return typeof given === 'number' ? [given, given] : given;
};
const regularizer = (config: Config): object | null => {
  const penalty = config['kernelRegularizer'] as { readonly l2: number } | undefined;
  return penalty ? { class_name: 'L1L2', config: { l1: 0, l2: penalty.l2 } } : null;
};
const window = (config: Config): object => ({ padding: config['padding'] ?? 'valid', data_format: 'channels_last' });

/** Keras's names for a layer's options, by type of layer. */
const CONFIGS: Readonly<Record<string, (config: Config) => object>> = {
  Conv2D: (c) => ({
    filters: c['filters'],
    kernel_size: pair(c['kernelSize'], 1),
    strides: pair(c['strides'], 1),
    dilation_rate: [1, 1],
    activation: c['activation'] ?? 'linear',
    use_bias: true,
    kernel_regularizer: regularizer(c),
    ...window(c),
  }),
  Dense: (c) => ({
    units: c['units'],
    activation: c['activation'] ?? 'linear',
    use_bias: true,
    kernel_regularizer: regularizer(c),
  }),
  BatchNormalization: (c) => ({
    axis: -1,
    momentum: c['momentum'] ?? 0.99,
    epsilon: c['epsilon'] ?? 1e-3,
    center: true,
    scale: true,
  }),
  MaxPooling2D: (c) => ({
    pool_size: pair(c['poolSize'], 2),
    strides: pair(c['strides'] ?? c['poolSize'], 2),
    ...window(c),
  }),
  Flatten: () => ({ data_format: 'channels_last' }),
  Dropout: (c) => ({ rate: c['rate'] }),
  Activation: (c) => ({ activation: c['activation'] }),
};

/** @throws ExchangeError if a layer has no counterpart in TensorFlow.js */
export async function toTensorFlowJs(
  model: Sequential,
): Promise<{ readonly json: string; readonly weights: Uint8Array }> {
  const layers = model.layers.map((layer, i) => {
    const configOf = CONFIGS[layer.type];
    if (!configOf)
      throw new ExchangeError(`layer "${layer.name}" of type ${layer.type} cannot be written for TensorFlow.js`);
    const input = i === 0 ? { batch_input_shape: [null, ...model.inputShape], dtype: 'float32' } : {};
    return {
      class_name: layer.type,
      config: { name: layer.name, trainable: true, ...input, ...configOf(layer.config()) },
    };
  });
  const values = [...(await model.getWeights())];
  const bytes = new Uint8Array(values.reduce((sum, [, weight]) => sum + weight.values.byteLength, 0));
  let offset = 0;
  for (const [, { values: numbers }] of values) {
    bytes.set(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength), offset);
    offset += numbers.byteLength;
  }
  const json = {
    format: 'layers-model',
    generatedBy: 'Anke',
    convertedBy: null,
    modelTopology: {
      keras_version: '2.15.0',
      backend: 'tensorflow',
      model_config: { class_name: 'Sequential', config: { name: 'sequential', layers } },
    },
    weightsManifest: [
      { paths: ['weights.bin'], weights: values.map(([name, { shape }]) => ({ name, shape, dtype: 'float32' })) },
    ],
  };
  return { json: `${JSON.stringify(json, null, 2)}\n`, weights: bytes };
}
