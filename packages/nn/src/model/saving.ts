/** A model as two files: `model.json` describes the layers, `model.safetensors` holds the weights. */
import { FormatError } from '../errors.js';
import { Activation, type ActivationOptions } from '../layers/activation.js';
import { BatchNormalization, type BatchNormalizationOptions } from '../layers/batch-normalization.js';
import { Conv2D, type Conv2DOptions } from '../layers/conv2d.js';
import { Dense, type DenseOptions } from '../layers/dense.js';
import { Dropout, type DropoutOptions } from '../layers/dropout.js';
import { Flatten } from '../layers/flatten.js';
import type { Layer, LayerOptions } from '../layers/layer.js';
import { MaxPooling2D, type MaxPooling2DOptions } from '../layers/max-pooling-2d.js';
import { decodeSafetensors, encodeSafetensors, type TensorEntry } from './safetensors.js';
import { Sequential, type WeightValues } from './sequential.js';

export interface LayerDescription {
  readonly type: string;
  readonly config: Readonly<Record<string, unknown>>;
}

export interface ModelDescription {
  readonly format: 'anke-model';
  readonly version: 1;
  readonly seed: number;
  readonly layers: readonly LayerDescription[];
}

const constructors: Readonly<Record<string, (config: never) => Layer>> = {
  Conv2D: (config: Conv2DOptions) => new Conv2D(config),
  BatchNormalization: (config: BatchNormalizationOptions) => new BatchNormalization(config),
  MaxPooling2D: (config: MaxPooling2DOptions) => new MaxPooling2D(config),
  Flatten: (config: LayerOptions) => new Flatten(config),
  Dense: (config: DenseOptions) => new Dense(config),
  Dropout: (config: DropoutOptions) => new Dropout(config),
  Activation: (config: ActivationOptions) => new Activation(config),
};

export function describeModel(model: Sequential): ModelDescription {
  const layers = model.layers.map((layer) => ({ type: layer.type, config: layer.config() }));
  return { format: 'anke-model', version: 1, seed: model.seed, layers };
}

/**
 * A model with the described layers; its weights are set apart, by {@link decodeWeights} and `setWeights`.
 *
 * @throws FormatError if the description is not of a model, or of a layer that is not known
 */
export function modelFromDescription(description: unknown): Sequential {
  const { format, version, seed, layers } = (description ?? {}) as Partial<ModelDescription>;
  if (format !== 'anke-model' || !Array.isArray(layers))
    throw new FormatError('this JSON does not describe an Anke model');
  if (version !== 1) throw new FormatError(`this model has format version ${String(version)}; version 1 can be read`);
  try {
    const made = layers.map(({ type, config }: LayerDescription) => {
      const make = constructors[type];
      if (!make) throw new FormatError(`the model has a layer of the unknown type "${type}"`);
      return make(config as never);
    });
    return new Sequential(made, { seed: seed ?? 0 });
  } catch (error) {
    // A field that is missing or of another kind than this version writes.
    if (error instanceof TypeError) throw new FormatError(`a layer's description is not usable: ${error.message}`);
    throw error;
  }
}

/** The bytes of `model.safetensors`. */
export async function encodeWeights(model: Sequential): Promise<Uint8Array> {
  const tensors = new Map<string, TensorEntry>();
  for (const [name, { shape, values }] of await model.getWeights()) tensors.set(name, { type: 'F32', shape, values });
  return encodeSafetensors(tensors, { format: 'anke' });
}

/** @throws FormatError if the bytes are no safetensors file of float32 weights */
export function decodeWeights(bytes: Uint8Array): Map<string, WeightValues> {
  const weights = new Map<string, WeightValues>();
  for (const [name, { shape, values }] of decodeSafetensors(bytes)) {
    if (!(values instanceof Float32Array)) throw new FormatError(`the weight "${name}" is not of type F32`);
    weights.set(name, { shape, values });
  }
  return weights;
}
