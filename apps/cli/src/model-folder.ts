/** A trained model in a run folder: `model.json` and `model.safetensors`, and what it has learned from: `data.json`. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
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
import { writeWhole } from './files.js';

export async function saveModel(folder: string, model: Sequential): Promise<void> {
  const weights = await encodeWeights(model);
  writeWhole(join(folder, 'model.safetensors'), weights);
  writeWhole(join(folder, 'model.json'), `${JSON.stringify(describeModel(model), null, 2)}\n`);
}

/**
 * A model from a run folder, on the device.
 *
 * @throws CommandError if the folder is not one that Anke has written
 */
export function loadModel(folder: string, { gpu }: Device): Sequential {
  if (!existsSync(folder))
    throw new CommandError(`${folder}: there is no such folder; --model wants the folder of a run`);
  if (!statSync(folder).isDirectory())
    throw new CommandError(`${folder}: this is a file; --model wants the folder of a run`);
  const read = (name: string): Buffer => {
    const path = join(folder, name);
    if (!existsSync(path))
      throw new CommandError(
        `${folder}: there is no ${name} in it; --model wants a folder that "anke train" or "anke notebook" has written`,
      );
    return readFileSync(path);
  };
  const weights = read('model.safetensors');
  const text = read('model.json').toString();
  const place = (name: string, error: unknown): CommandError => {
    if (error instanceof FormatError || error instanceof ShapeError || error instanceof SyntaxError) {
      return new CommandError(`${join(folder, name)}: ${error.message}`);
    }
    throw error;
  };
  let model: Sequential;
  try {
    model = modelFromDescription(JSON.parse(text));
  } catch (error) {
    throw place('model.json', error);
  }
  model.compile({ gpu, optimizer: new SGD() });
  try {
    model.setWeights(decodeWeights(weights));
  } catch (error) {
    throw place('model.safetensors', error);
  }
  return model;
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
