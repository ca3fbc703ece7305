/**
 * What a model has learned from, `data.json`: as far as its predictions depend on it, and so that no other data resumes
 * it.
 */
import { type ImageDataset, type PixelStatistics, pixelStatistics } from '@anke/data';
import { RunError } from '../errors.js';
import { readText, type Store, writeText } from '../store.js';
import type { TrainingData } from './training.js';

export const FACTS_FILE = 'data.json';

export interface DataFacts {
  readonly source: string;
  readonly images: number;
  /** What the classes stand for, if they have names. */
  readonly classNames?: readonly string[];
  readonly pixels: PixelStatistics;
  /** What it was validated on, by which runs can tell whether their results are of the same images. */
  readonly validation?: Pick<DataFacts, 'source' | 'images' | 'pixels'>;
}

const imageFactsOf = (images: ImageDataset) => ({
  source: images.source,
  images: images.count,
  pixels: pixelStatistics(images),
});

type ImageFacts = ReturnType<typeof imageFactsOf>;

/** Sources do not count: data may have been moved. */
const areSame = (before: ImageFacts, now: ImageFacts): boolean =>
  before.images === now.images && JSON.stringify(before.pixels) === JSON.stringify(now.pixels);

/**
 * Writes what the data of a run is.
 *
 * @throws RunError if the images, to train on or for validation, are not those that the run has begun with
 */
export async function keepDataFacts(store: Store, { training, validation }: TrainingData): Promise<void> {
  const before = await readDataFacts(store);
  const { pixels, ...now } = imageFactsOf(training);
  const validated = imageFactsOf(validation);
  if (before && !areSame(before, { ...now, pixels }))
    throw new RunError(`this run has begun with other data than ${training.source} holds now`);
  // Runs of earlier versions do not tell what they were validated on.
  if (before?.validation && !areSame(before.validation, validated))
    throw new RunError(`this run was validated on other images than ${validation.source} holds now`);
  const { classNames } = training;
  const named = classNames ? { classNames } : {};
  const facts: DataFacts = { ...now, ...named, pixels, validation: validated };
  await writeText(store, FACTS_FILE, `${JSON.stringify(facts, null, 2)}\n`);
}

/**
 * Undefined where the store does not tell.
 *
 * @throws RunError if the file is no such facts, or has changed since it was written
 */
export async function readDataFacts(store: Store): Promise<DataFacts | undefined> {
  const text = await readText(store, FACTS_FILE);
  if (text === undefined) return undefined;
  try {
    const facts = JSON.parse(text) as Partial<DataFacts> | null;
    const { classNames = [], pixels } = facts ?? {};
    const areNames = Array.isArray(classNames) && classNames.every((name) => typeof name === 'string');
    if (areNames && typeof pixels?.border === 'number') return facts as DataFacts;
  } catch {
    // No JSON is as bad as other JSON.
  }
  throw new RunError('it does not tell what the model has learned from', FACTS_FILE);
}
