/** Trained models from files: a run folder, its weights alone, or ONNX. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { ExchangeError, fromOnnx } from '@anke/exchange';
import type { Gpu } from '@anke/kernels';
import {
  decodeWeights,
  FormatError,
  formatShape,
  type Graph,
  graphFromDescription,
  Model,
  NonFiniteError,
  SGD,
  ShapeError,
  type WeightValues,
} from '@anke/nn';
import { classesOf } from '@anke/report';
import {
  checkRecipe,
  type DataFacts,
  type Goal,
  LAYERS_FILE,
  makeGoal,
  readDataFacts,
  readText,
  type Store,
  WEIGHTS_FILE,
} from '@anke/training';
import { CommandError } from './errors.js';
import { parseJson } from './json.js';
import { fromRun, RECIPE_FILE, runOf } from './run-files.js';

/** A trained model as files hold it. */
export interface StoredModel {
  readonly graph: Graph;
  /** By name: `layer/weight`. */
  readonly weights: ReadonlyMap<string, WeightValues>;
  /** What the outputs stand for, where the file or the run tells. */
  readonly classNames?: readonly string[] | undefined;
}

/**
 * A model on the device.
 *
 * @param path where it comes from, for messages
 */
export async function placeModel(path: string, { graph, weights }: StoredModel, gpu: Gpu): Promise<Model> {
  const model = Model.of(graph);
  model.compile({ gpu, optimizer: new SGD() });
  await explained(path, () => model.setWeights(weights));
  return model;
}

/**
 * A model from a run folder, a .safetensors file in it or in a folder below, or an ONNX file that `anke export` has
 * written.
 *
 * @throws CommandError if the path is nothing of the kind
 */
export async function readModel(path: string): Promise<StoredModel> {
  if (!existsSync(path)) throw new CommandError(`${path}: there is no such folder; the folder of a run is expected`);
  if (statSync(path).isDirectory()) return await readRun(path, join(path, WEIGHTS_FILE));
  if (/\.onnx$/i.test(path)) return await explained(path, () => fromOnnx(readFileSync(path)));
  if (!/\.safetensors$/i.test(path)) {
    throw new CommandError(
      `${path}: this is a file; expected is the folder of a run, a .safetensors file in it, or an exported .onnx`,
    );
  }
  const run = runOf(path);
  if (existsSync(join(run, LAYERS_FILE))) return await readRun(run, path);
  const remedy = '"anke import-weights" makes a model of weights from elsewhere';
  throw new CommandError(`${path}: no model.json beside it or above tells its layers; ${remedy}`);
}

/** (height, width, channels) of the images that a model takes: what pictures are scaled to. */
export function imageShapeOf({ inputShape }: Graph): readonly [number, number, number] {
  const [height = 1, width = 1, channels = 1] = inputShape;
  return [height, width, channels];
}

/** What the model at a path has learned from; undefined where nothing tells. */
export const factsOf = (path: string): Promise<DataFacts | undefined> => fromRun(runOf(path), readDataFacts);

/** The loss and the metrics that the model at a path was trained by; undefined where no recipe tells. */
export async function goalOf(path: string): Promise<Goal | undefined> {
  const run = runOf(path);
  const text = await fromRun(run, (store) => readText(store, RECIPE_FILE));
  const file = join(run, RECIPE_FILE);
  return text === undefined ? undefined : makeGoal(await checkRecipe(parseJson(file, text), file));
}

/**
 * The classes that a model tells apart.
 *
 * @param path where it comes from, for the message
 * @throws CommandError if it does not tell classes apart
 */
export function requireClasses(path: string, model: Pick<Graph, 'outputShape'>): number {
  const classes = classesOf(model);
  if (classes !== undefined) return classes;
  const given = formatShape([null, ...model.outputShape]);
  throw new CommandError(
    `${path}: this model's output is ${given}, which is no row of classes; "anke evaluate" tells its loss and metrics`,
  );
}

async function readRun(run: string, path: string): Promise<StoredModel> {
  const read = async (store: Store, name: string): Promise<Uint8Array> => {
    const bytes = await store.read(name);
    if (bytes) return bytes;
    const expected = 'expected is a folder that "anke train" or "anke notebook" has written';
    throw new CommandError(`${run}: there is no ${basename(name)} in it; ${expected}`);
  };
  const [bytes, json] = await fromRun(run, async (store) => [
    await read(store, relative(run, path).replaceAll('\\', '/')),
    await read(store, LAYERS_FILE),
  ]);
  const graph = await explained(join(run, LAYERS_FILE), () =>
    graphFromDescription(JSON.parse(new TextDecoder().decode(json))),
  );
  const weights = await explained(path, () => decodeWeights(bytes as Uint8Array));
  return { graph, weights, classNames: (await fromRun(run, readDataFacts))?.classNames };
}

/** What a file's reader says of it, with the file's name. */
async function explained<T>(path: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const known = [ExchangeError, FormatError, NonFiniteError, ShapeError, SyntaxError];
    throw known.some((kind) => error instanceof kind)
      ? new CommandError(`${path}: ${(error as Error).message}`)
      : error;
  }
}
