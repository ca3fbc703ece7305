/** A trained model in a run folder: `model.json` and `model.safetensors`, and what it has learned from: `data.json`. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type ImageDataset, type PixelStatistics, pixelStatistics } from '@anke/data';
import {
  decodeWeights,
  describeModel,
  encodeWeights,
  FormatError,
  modelFromDescription,
  type Sequential,
  SGD,
  ShapeError,
} from '@anke/nn';
import type { Device } from './device.js';
import { CommandError } from './errors.js';
import { fromOnnx } from './export/onnx.js';
import { writeWhole } from './files.js';

/** The layers, without weights. */
export const saveLayers = (folder: string, model: Sequential): void =>
  writeWhole(join(folder, 'model.json'), `${JSON.stringify(describeModel(model), null, 2)}\n`);

export async function saveModel(folder: string, model: Sequential): Promise<void> {
  const weights = await encodeWeights(model);
  saveLayers(folder, model);
  writeWhole(join(folder, 'model.safetensors'), weights);
}

/**
 * A model on the device, from a run folder, a .safetensors file in it or in a folder below, or an ONNX file that `anke export` has
 * written.
 *
 * @throws CommandError if the path is nothing of the kind
 */
export function loadModel(path: string, { gpu }: Device): Sequential {
  if (!existsSync(path)) throw new CommandError(`${path}: there is no such folder; --model wants the folder of a run`);
  if (!statSync(path).isDirectory()) {
    if (/\.safetensors$/i.test(path)) {
      const run = runOf(path);
      if (existsSync(join(run, 'model.json'))) return loadWeights(run, path, gpu);
      throw new CommandError(
        `${path}: no model.json beside it or above tells its layers; "anke import-weights" makes a model of weights from elsewhere`,
      );
    }
    if (!/\.onnx$/i.test(path)) {
      throw new CommandError(
        `${path}: this is a file; --model wants the folder of a run, a .safetensors file in it, or an exported .onnx`,
      );
    }
    const { model, weights } = explained(path, () => fromOnnx(readFileSync(path)));
    return withWeights(path, model, weights, gpu);
  }
  return loadWeights(path, join(path, 'model.safetensors'), gpu);
}

/** The folder that tells the layers which a file's weights belong to: its own or the one above. */
function runOf(path: string): string {
  const own = dirname(resolve(path));
  return existsSync(join(own, 'model.json')) ? own : dirname(own);
}

function loadWeights(run: string, path: string, gpu: Device['gpu']): Sequential {
  for (const file of [path, join(run, 'model.json')]) {
    if (!existsSync(file))
      throw new CommandError(
        `${run}: there is no ${basename(file)} in it; --model wants a folder that "anke train" or "anke notebook" has written`,
      );
  }
  const [bytes, text] = [readFileSync(path), readFileSync(join(run, 'model.json'), 'utf8')];
  const model = explained(join(run, 'model.json'), () => modelFromDescription(JSON.parse(text)));
  const weights = explained(path, () => decodeWeights(bytes));
  return withWeights(path, model, weights, gpu);
}

function withWeights(
  path: string,
  model: Sequential,
  weights: ReturnType<typeof decodeWeights>,
  gpu: Device['gpu'],
): Sequential {
  model.compile({ gpu, optimizer: new SGD() });
  explained(path, () => model.setWeights(weights));
  return model;
}

/** What a file's reader says of it, with the file's name. */
function explained<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof FormatError || error instanceof ShapeError || error instanceof SyntaxError) {
      throw new CommandError(`${path}: ${error.message}`);
    }
    throw error;
  }
}

/** What a model has learned from, as far as its predictions depend on it. */
export interface DataFacts {
  readonly source: string;
  readonly images: number;
  /** What the classes stand for, where that is not their number. */
  readonly classNames?: readonly string[];
  readonly pixels: PixelStatistics;
}

const FACTS_FILE = 'data.json';

export function dataFactsOf(training: ImageDataset): DataFacts {
  const { source, count: images, classNames } = training;
  return { source, images, ...(classNames ? { classNames } : {}), pixels: pixelStatistics(training) };
}

export function saveDataFacts(folder: string, training: ImageDataset): void {
  writeWhole(join(folder, FACTS_FILE), `${JSON.stringify(dataFactsOf(training), null, 2)}\n`);
}

/** Undefined where the folder does not tell. */
export function readDataFacts(folder: string): DataFacts | undefined {
  const path = join(folder, FACTS_FILE);
  if (!existsSync(path)) return undefined;
  try {
    const facts = JSON.parse(readFileSync(path, 'utf8')) as Partial<DataFacts>;
    return typeof facts.pixels?.border === 'number' ? (facts as DataFacts) : undefined;
  } catch {
    return undefined;
  }
}
