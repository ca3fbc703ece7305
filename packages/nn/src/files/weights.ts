/** A model's weights as the bytes of a safetensors file. */
import { quoted } from '@anke/messages';
import type { WeightValues } from '../engine/weights.js';
import { FormatError } from '../errors.js';
import { encodeSafetensors, readSafetensors, type TensorEntry } from './safetensors.js';

/**
 * The bytes of `model.safetensors`.
 *
 * @param notes what the file tells about itself besides
 */
export function encodeWeights(
  weights: ReadonlyMap<string, WeightValues>,
  notes: Readonly<Record<string, string>> = {},
): Uint8Array {
  const entries = [...weights].map(([name, { shape, values }]): [string, TensorEntry] => {
    return [name, { type: 'F32', shape, values }];
  });
  return encodeSafetensors(new Map(entries), { ...notes, format: 'anke' });
}

/** @throws FormatError if the bytes are no safetensors file of finite float32 weights */
export function decodeWeights(bytes: Uint8Array): Map<string, WeightValues> {
  const weights = new Map<string, WeightValues>();
  for (const [name, { shape, values }] of readSafetensors(bytes).tensors) {
    if (!(values instanceof Float32Array)) throw new FormatError(`the weight ${quoted(name)} is not of type F32`);
    const broken = values.findIndex((value) => !Number.isFinite(value));
    if (broken >= 0) throw new FormatError(`the weight ${quoted(name)} is ${values[broken]} at index ${broken}`);
    weights.set(name, { shape, values });
  }
  return weights;
}
