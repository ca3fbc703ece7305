/**
 * What a file tells of a model beside its layers and weights, as JSON under names that are the same in every format:
 * ONNX's `metadata_props`, TensorFlow.js's `userDefinedMetadata`, safetensors' `__metadata__`.
 */
import type { Graph } from '@anke/nn';
import { ExchangeError } from './errors.js';

export interface ModelNotes {
  /** What the outputs stand for, in their order. */
  readonly classNames?: readonly string[] | undefined;
}

const CLASS_NAMES = 'classNames';
/** (height, width, channels) of an image that comes in */
const INPUT_SHAPE = 'inputShape';

/** Values that are any JSON, by name. */
export const notesOf = ({ inputShape }: Graph, { classNames }: ModelNotes): Readonly<Record<string, unknown>> => ({
  [INPUT_SHAPE]: inputShape,
  ...(classNames ? { [CLASS_NAMES]: classNames } : {}),
});

/** The same, for formats whose metadata are texts. */
export const textNotesOf = (graph: Graph, notes: ModelNotes): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(notesOf(graph, notes)).map(([name, value]) => [name, JSON.stringify(value)]));

/** @throws ExchangeError if the names are none, or not as many as the model has outputs */
export function classNamesIn(
  notes: ReadonlyMap<string, string>,
  { outputShape }: Graph,
): readonly string[] | undefined {
  const text = notes.get(CLASS_NAMES);
  if (text === undefined) return undefined;
  let names: unknown;
  try {
    names = JSON.parse(text);
  } catch {
    // Refused below.
  }
  const areNames = (value: unknown): value is string[] =>
    Array.isArray(value) && value.every((name) => typeof name === 'string');
  if (areNames(names) && names.length === outputShape.at(-1)) return names;
  throw new ExchangeError(`its "${CLASS_NAMES}" are no list of a name for each output; export it again`);
}
