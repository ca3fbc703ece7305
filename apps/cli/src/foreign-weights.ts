/** Weights from elsewhere, for a model: of Keras's files, or of safetensors. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  assignPartly,
  assignWeights,
  ExchangeError,
  type FoundWeights,
  readKerasWeights,
  readSafetensorsWeights,
} from '@anke/exchange';
import { openPacked } from '@anke/files';
import { type Graph, initialWeights, type WeightValues } from '@anke/nn';
import { WEIGHTS_FILE } from '@anke/training';
import { CommandError } from './errors.js';

/** Files that weights come from, in words. */
export const WEIGHT_FILES = '.safetensors, or .h5 and .keras as Keras writes them';

export interface ForeignWeights {
  /** All of the model, by name: `layer/weight`. */
  readonly weights: ReadonlyMap<string, WeightValues>;
  /** What was taken, and what not, in words. */
  readonly lines: readonly string[];
  /** Layers of the file whose weights were taken. */
  readonly layers: number;
}

/**
 * A model's weights from a file.
 *
 * @param partial whether layers that the file does not have keep their first weights, and others of the file are unused
 * @throws CommandError or ExchangeError if the file is not there, none that is known, or does not fit
 */
export async function foreignWeights(path: string, graph: Graph, partial = false): Promise<ForeignWeights> {
  const found = await read(path);
  if (!partial) return { weights: whole(graph, found), lines: [], layers: found.layers.length };
  const { weights, missing, unused } = assignPartly(graph, found);
  const lines = [
    missing.length > 0 && `not in ${path}, so left with their first weights: ${missing.join(', ')}`,
    unused.length > 0 && `in ${path}, but not in the model: ${unused.join(', ')}`,
  ];
  return {
    weights: new Map([...initialWeights(graph), ...weights]),
    lines: lines.filter((line) => line !== false),
    layers: found.layers.length - unused.length,
  };
}

/** @throws ExchangeError that says so, where a part of the file would fit */
function whole(graph: Graph, found: FoundWeights): ReadonlyMap<string, WeightValues> {
  try {
    return assignWeights(graph, found);
  } catch (error) {
    if (!(error instanceof ExchangeError)) throw error;
    const common = found.layers.length - unusedIn(graph, found);
    if (common === 0) throw error;
    throw new ExchangeError(
      `${error.message}; --partial takes the ${common} layers that file and model have in common`,
    );
  }
}

/** Layers of a file that a model would have no use for: all of them, where they do not fit. */
function unusedIn(graph: Graph, found: FoundWeights): number {
  try {
    return assignPartly(graph, found).unused.length;
  } catch {
    return found.layers.length;
  }
}

/** The file of weights at a path: of a run, its model's. */
export const weightsAt = (path: string): string =>
  existsSync(path) && statSync(path).isDirectory() ? join(path, WEIGHTS_FILE) : path;

const HDF5_IN_KERAS = 'model.weights.h5';

async function read(path: string): Promise<FoundWeights> {
  if (!existsSync(path)) throw new CommandError(`${path}: there is no such file`);
  if (/\.(h5|hdf5)$/i.test(path)) return await readKerasWeights(path, readFileSync(path));
  if (/\.keras$/i.test(path)) return await readKerasWeights(`${path}, ${HDF5_IN_KERAS}`, await inArchive(path));
  if (/\.safetensors$/i.test(path)) return readSafetensorsWeights(path, readFileSync(path));
  throw new CommandError(`${path}: weights come as .safetensors, .h5 or .keras`);
}

/** The weights in a `.keras` archive, beside which lie the layers as JSON. */
async function inArchive(path: string): Promise<Uint8Array> {
  const archive = await openPacked(path);
  if (archive.kind !== 'archive') throw new CommandError(`${path}: this is no .keras archive, which is a zip file`);
  for await (const file of archive.files()) {
    if (file.name !== HDF5_IN_KERAS) continue;
    const pieces: Uint8Array[] = [];
    for await (const piece of file.pieces()) pieces.push(piece);
    return Buffer.concat(pieces);
  }
  throw new CommandError(`${path}: there is no ${HDF5_IN_KERAS} in it`);
}
