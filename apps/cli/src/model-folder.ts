/** Trained models from files: a run folder, its weights alone, or ONNX. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { ExchangeError, fromOnnx } from '@anke/exchange';
import {
  decodeWeights,
  FormatError,
  type Graph,
  graphFromDescription,
  Model,
  SGD,
  ShapeError,
  type WeightValues,
} from '@anke/nn';
import { LAYERS_FILE, WEIGHTS_FILE } from '@anke/training';
import type { Device } from './device.js';
import { CommandError } from './errors.js';

/** A trained model as files hold it. */
export interface StoredModel {
  readonly graph: Graph;
  /** By name: `layer/weight`. */
  readonly weights: ReadonlyMap<string, WeightValues>;
}

/**
 * A model on the device, from what {@link readModel} takes.
 *
 * @throws CommandError if the path is nothing of the kind
 */
export async function loadModel(path: string, { gpu }: Device): Promise<Model> {
  const { graph, weights } = await readModel(path);
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
  if (!existsSync(path))
    throw new CommandError(`${path}: there is no such folder; --model expects the folder of a run`);
  if (statSync(path).isDirectory()) return await readRun(path, join(path, WEIGHTS_FILE));
  if (/\.onnx$/i.test(path)) return await explained(path, () => fromOnnx(readFileSync(path)));
  if (!/\.safetensors$/i.test(path)) {
    throw new CommandError(
      `${path}: this is a file; --model expects the folder of a run, a .safetensors file in it, or an exported .onnx`,
    );
  }
  const run = runOf(path);
  if (existsSync(join(run, LAYERS_FILE))) return await readRun(run, path);
  const remedy = '"anke import-weights" makes a model of weights from elsewhere';
  throw new CommandError(`${path}: no model.json beside it or above tells its layers; ${remedy}`);
}

/** The folder that tells the layers which a file's weights belong to: its own or the one above. */
function runOf(path: string): string {
  const own = dirname(resolve(path));
  return existsSync(join(own, LAYERS_FILE)) ? own : dirname(own);
}

async function readRun(run: string, path: string): Promise<StoredModel> {
  for (const file of [path, join(run, LAYERS_FILE)]) {
    if (existsSync(file)) continue;
    const expected = '--model expects a folder that "anke train" or "anke notebook" has written';
    throw new CommandError(`${run}: there is no ${basename(file)} in it; ${expected}`);
  }
  const [bytes, text] = [readFileSync(path), readFileSync(join(run, LAYERS_FILE), 'utf8')];
  const graph = await explained(join(run, LAYERS_FILE), () => graphFromDescription(JSON.parse(text)));
  return { graph, weights: await explained(path, () => decodeWeights(bytes)) };
}

/** What a file's reader says of it, with the file's name. */
async function explained<T>(path: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const known = [ExchangeError, FormatError, ShapeError, SyntaxError];
    throw known.some((kind) => error instanceof kind)
      ? new CommandError(`${path}: ${(error as Error).message}`)
      : error;
  }
}
