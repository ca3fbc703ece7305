/**
 * A training that can be gone on with, as one safetensors file: the model's state, that of its early stopping, and whatever
 * the caller keeps about the run.
 */
import type { EarlyStoppingState } from '../callbacks/early-stopping.js';
import { FormatError } from '../errors.js';
import { encodeSafetensors, readSafetensors, type TensorEntry } from './safetensors.js';
import type { ModelState } from './sequential.js';

export interface Checkpoint {
  readonly model: ModelState;
  readonly stopping: EarlyStoppingState;
  /** What the caller keeps; JSON. */
  readonly run: unknown;
}

const FORMAT = 'anke-checkpoint';
const VERSION = 1;
/** The best weights so far lie beside the model's own tensors. */
const BEST = 'best.';

export function encodeCheckpoint({ model, stopping, run }: Checkpoint): Uint8Array {
  const { weights, averages, ...rest } = stopping;
  const best: [string, Float32Array][] =
    weights && averages
      ? [
          [`${BEST}weights`, weights],
          [`${BEST}averages`, averages],
        ]
      : [];
  const tensors = new Map<string, TensorEntry>();
  for (const [name, values] of [...model.tensors, ...best])
    tensors.set(name, { type: 'F32', shape: [values.length], values });
  const { steps, epochs } = model;
  return encodeSafetensors(tensors, {
    format: FORMAT,
    version: String(VERSION),
    state: JSON.stringify({ steps, epochs, stopping: rest, run }),
  });
}

/** @throws FormatError if the bytes are no checkpoint of this version */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const { tensors, metadata } = readSafetensors(bytes);
  const { format, version, state } = metadata;
  if (format !== FORMAT || typeof state !== 'string') throw new FormatError('this is no checkpoint of a training');
  if (version !== String(VERSION))
    throw new FormatError(`this checkpoint has version ${String(version)}; version ${VERSION} can be read`);
  const { steps, epochs, stopping, run } = JSON.parse(state) as {
    steps: number;
    epochs: number;
    stopping: EarlyStoppingState;
    run: unknown;
  };
  const floats = [...tensors].map(([name, { values }]) => [name, values as Float32Array] as const);
  const weights = tensors.get(`${BEST}weights`)?.values as Float32Array | undefined;
  const averages = tensors.get(`${BEST}averages`)?.values as Float32Array | undefined;
  return {
    model: { steps, epochs, tensors: new Map(floats.filter(([name]) => !name.startsWith(BEST))) },
    stopping: { ...stopping, ...(weights && averages ? { weights, averages } : {}) },
    run,
  };
}
