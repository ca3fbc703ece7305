/**
 * What a file tells of a model beside its layers and weights, as JSON under names that are the same in every format:
 * ONNX's `metadata_props`, TensorFlow.js's `userDefinedMetadata`, safetensors' `__metadata__`.
 */
import type { Graph } from '@anke/nn';
import { ExchangeError } from './errors.js';

export interface ModelNotes {
  /** What the outputs stand for, in their order; of a single output, the classes that its values tell apart. */
  readonly classNames?: readonly string[] | undefined;
}

const CLASS_NAMES = 'classNames';
/** (height, width, channels) of an image that comes in */
const INPUT_SHAPE = 'inputShape';

/**
 * Values that are any JSON, by name.
 *
 * @throws ExchangeError if there are more names than outputs
 */
export const notesOf = (graph: Graph, { classNames }: ModelNotes): Readonly<Record<string, unknown>> => ({
  [INPUT_SHAPE]: graph.inputShape,
  ...(classNames ? { [CLASS_NAMES]: namesOfOutputs(graph, classNames) } : {}),
});

/** Outputs that no class of the data belongs to are named by their numbers. */
function namesOfOutputs(graph: Graph, classNames: readonly string[]): readonly string[] {
  const outputs = outputsOf(graph);
  if (outputs === 1) return classNames;
  if (classNames.length > outputs)
    throw new ExchangeError(`the model has ${outputs} outputs, which ${classNames.length} names of classes do not fit`);
  return Array.from({ length: outputs }, (_, i) => classNames[i] ?? String(i));
}

const outputsOf = ({ outputShape }: Graph): number => outputShape.at(-1) ?? 1;

/** The same, for formats whose metadata are texts. */
export const textNotesOf = (graph: Graph, notes: ModelNotes): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(notesOf(graph, notes)).map(([name, value]) => [name, JSON.stringify(value)]));

/** @throws ExchangeError if the names are none, or not as many as the model has outputs */
export function classNamesIn(notes: ReadonlyMap<string, string>, graph: Graph): readonly string[] | undefined {
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
  const outputs = outputsOf(graph);
  if (areNames(names) && (outputs === 1 || names.length === outputs)) return names;
  throw new ExchangeError(`its "${CLASS_NAMES}" are no list of a name for each output; export it again`);
}
