/**
 * A training that can be gone on with, as one safetensors file: the model's state, those of its callbacks, and whatever the
 * caller keeps about the run.
 */
import type { CallbackState } from '../callbacks/callback.js';
import { FormatError } from '../errors.js';
import { encodeSafetensors, readSafetensors, type TensorEntry } from './safetensors.js';
import type { ModelState } from './sequential.js';

export interface Checkpoint {
  readonly model: ModelState;
  /** One for each callback, in their order. */
  readonly callbacks: readonly CallbackState[];
  /** What the caller keeps; JSON. */
  readonly run: unknown;
}

const FORMAT = 'anke-checkpoint';
const VERSION = 2;

/** A callback's tensors lie beside the model's own. */
const prefix = (callback: number): string => `callback${callback}.`;

/** What a checkpoint holds beside its tensors. */
interface State {
  readonly steps: number;
  readonly epochs: number;
  readonly learningRate: number;
  readonly callbacks: readonly unknown[];
  readonly run: unknown;
}

export function encodeCheckpoint({ model, callbacks, run }: Checkpoint): Uint8Array {
  const { steps, epochs, learningRate, tensors: own } = model;
  const tensors = new Map<string, TensorEntry>();
  const put = (name: string, values: Float32Array): unknown =>
    tensors.set(name, { type: 'F32', shape: [values.length], values });
  for (const [name, values] of own) put(name, values);
  callbacks.forEach((callback, i) => {
    for (const [name, values] of Object.entries(callback.tensors ?? {})) put(`${prefix(i)}${name}`, values);
  });
  const state: State = { steps, epochs, learningRate, callbacks: callbacks.map(({ values }) => values ?? null), run };
  return encodeSafetensors(tensors, { format: FORMAT, version: String(VERSION), state: JSON.stringify(state) });
}

/** @throws FormatError if the bytes are no checkpoint of this version */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const { tensors, metadata } = readSafetensors(bytes);
  const { format, version, state } = metadata;
  if (format !== FORMAT || typeof state !== 'string') throw new FormatError('this is no checkpoint of a training');
  if (version !== String(VERSION))
    throw new FormatError(`this checkpoint has version ${String(version)}; version ${VERSION} can be read`);
  const { callbacks, run, ...model } = JSON.parse(state) as State;
  const floats = [...tensors].map(([name, { values }]) => [name, values as Float32Array] as const);
  /** Those whose names begin so, without that beginning. */
  const below = (start: string) =>
    floats
      .filter(([name]) => name.startsWith(start))
      .map(([name, values]) => [name.slice(start.length), values] as const);
  return {
    model: { ...model, tensors: new Map(floats.filter(([name]) => !name.startsWith('callback'))) },
    callbacks: callbacks.map((values, i) => ({ values, tensors: Object.fromEntries(below(prefix(i))) })),
    run,
  };
}
