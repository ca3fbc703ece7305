/**
 * A training that can be resumed, as one safetensors file: the model's state, those of its callbacks, and whatever
 * the caller keeps about the run. The optimizer's buffers lie beside the weights by their names, so that any
 * optimizer's can be kept.
 */
import { quoted } from '@anke/messages';
import type { ModelState } from '../engine/session.js';
import { FormatError } from '../errors.js';
import type { CallbackState } from '../fit/callback.js';
import { encodeSafetensors, readSafetensors, type TensorEntry } from './safetensors.js';

export interface Checkpoint {
  readonly model: ModelState;
  /** One for each callback, in their order. */
  readonly callbacks: readonly CallbackState[];
  /** What the caller keeps; JSON. */
  readonly run: unknown;
}

const FORMAT = 'anke-checkpoint';
const VERSION = 3;

/** Names of the model's tensors begin so, and those of callbacks. */
const MODEL = 'model/';
const callbackPrefix = (index: number): string => `callback${index}/`;

/** What a checkpoint holds beside its tensors. */
interface State extends Omit<ModelState, 'tensors'> {
  readonly callbacks: readonly unknown[];
  readonly run: unknown;
}

export function encodeCheckpoint({ model, callbacks, run }: Checkpoint): Uint8Array {
  const { tensors: own, ...rest } = model;
  const tensors = new Map<string, TensorEntry>();
  const put = (prefix: string, entries: Iterable<readonly [string, Float32Array]>): void => {
    for (const [name, values] of entries)
      tensors.set(`${prefix}${name}`, { type: 'F32', shape: [values.length], values });
  };
  put(MODEL, own);
  callbacks.forEach((callback, i) => {
    put(callbackPrefix(i), Object.entries(callback.tensors ?? {}));
  });
  const state: State = { ...rest, callbacks: callbacks.map(({ values }) => values ?? null), run };
  return encodeSafetensors(tensors, { format: FORMAT, version: String(VERSION), state: JSON.stringify(state) });
}

/** @throws FormatError if the bytes are no checkpoint of this version */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const { tensors, metadata } = readSafetensors(bytes);
  const { format, version, state } = metadata;
  if (format !== FORMAT || typeof state !== 'string') throw new FormatError('this is no checkpoint of a training');
  if (version !== String(VERSION))
    throw new FormatError(`this checkpoint has version ${quoted(version)}; version ${VERSION} can be read`);
  const { callbacks, run, ...model } = readState(state);
  const floats = [...tensors].map(([name, { values }]) => {
    if (values instanceof Float32Array) return [name, values] as const;
    throw new FormatError(`this checkpoint is damaged: its tensor ${quoted(name)} is not of type F32`);
  });
  /** Those whose names begin so, without that beginning. */
  const below = (prefix: string): (readonly [string, Float32Array])[] =>
    floats.flatMap(([name, values]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), values] as const] : []));
  return {
    model: { ...model, tensors: new Map(below(MODEL)) },
    callbacks: callbacks.map((values, i) => ({ values, tensors: Object.fromEntries(below(callbackPrefix(i))) })),
    run,
  };
}

/** @throws FormatError if it is not what {@link encodeCheckpoint} writes */
function readState(json: string): State {
  let state: Partial<State> | null;
  try {
    state = JSON.parse(json);
  } catch {
    throw new FormatError('this checkpoint is damaged: its state is no JSON');
  }
  // A checkpoint without a position is of a version that knew whole passes alone.
  const { steps, epochs, position = 0, learningRate, optimizer, callbacks, run } = state ?? {};
  const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
  const isRate = typeof learningRate === 'number';
  if (!isCount(steps) || !isCount(epochs) || !isCount(position) || !isRate || typeof optimizer !== 'string')
    throw new FormatError('this checkpoint is damaged: it does not say how far the training was');
  if (!Array.isArray(callbacks)) throw new FormatError('this checkpoint is damaged: it has no list of callbacks');
  return { steps, epochs, position, learningRate, optimizer, callbacks, run };
}
