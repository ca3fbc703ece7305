/**
 * Reads images as data sets from what people have them in: the competition's CSV files, MNIST's IDX files, NumPy's
 * arrays, or pictures in one folder a class; in a folder, an archive, or a single file. Names tell what is for training
 * and what for testing (`roles.ts`); a source's files are read one after the other, each once.
 */
import type { ImageDataset } from '../dataset.js';
import { DataError } from '../errors.js';
import { isPicture } from '../formats/pictures.js';
import { checkClasses } from '../labels.js';
import type { Source } from '../source.js';
import { Collection, type DataSets } from './collection.js';
import type { LoadOptions } from './options.js';

/**
 * Reads all data sets of a source.
 *
 * @throws DataError if a file is wrong, two files are for the same, or the training data's labels are none
 */
export async function loadData(source: Source, options: LoadOptions = {}): Promise<DataSets> {
  const sets = await collect(source, options);
  if (sets.train) checkClasses(sets.train);
  return sets;
}

/**
 * The images of a source that holds one data set; else its test images, or the first others that it has. Where no
 * labels are needed, pictures that simply lie in a folder are such.
 *
 * @throws DataError if there are none, or, if labels are needed, none with labels; or if a file is wrong
 */
export async function loadImages(source: Source, options: LoadOptions = {}): Promise<ImageDataset> {
  const { test, testLabels, extra, train, validation, found } = await collect(source, options);
  const labelledTest = test && testLabels ? test.labelled(testLabels) : test;
  const all = [labelledTest, ...Object.values(extra), validation, train].filter((data) => data !== undefined);
  const data = options.needs ? all.find(({ labels }) => labels) : all[0];
  if (data) return data;
  if (!options.needs && !options.loosePictures && found.some((name) => isPicture(name)))
    return await loadImages(source, { ...options, loosePictures: true });
  const why = all.length > 0 ? 'its images have no labels' : `there are no images in it; ${contents(found)}`;
  throw new DataError(`${source.name}: ${why}`);
}

/** Reads a source once, or twice if only the whole of it tells which size its pictures are to have. */
async function collect(source: Source, options: LoadOptions): Promise<DataSets> {
  const collection = await filled(source, new Collection(source, options));
  const sizes = await collection.mixedSizes();
  return await (sizes ? await filled(source, new Collection(source, options, sizes)) : collection).finish();
}

async function filled(source: Source, collection: Collection): Promise<Collection> {
  if (source.kind === 'file') {
    for await (const file of source.files()) await collection.takeSingle(file);
    await collection.takePartner();
  } else {
    for await (const file of source.files()) await collection.take(file);
  }
  return collection;
}

/**
 * @param name what the data was read from, for messages
 * @throws DataError if there is no training data
 */
export function requireTraining(name: string, { train, found }: DataSets): ImageDataset {
  if (train && !train.labels) throw new DataError(`${train.source}: its images have no labels to learn from`);
  if (train) return train;
  const others = 'training data by another name (train-images-idx3-ubyte, x_train, train/CLASS/*.png)';
  throw new DataError(`${name}: there is no train.csv in it, nor ${others}; ${contents(found)}`);
}

/** @throws DataError if further labelled images have classes that the training data lacks */
export function checkExtraClasses({ train, validation, extra }: DataSets): void {
  for (const { source, classes } of [...(validation ? [validation] : []), ...Object.values(extra)]) {
    if (!train || classes <= train.classes) continue;
    const known = `the labels of ${train.source} end at ${train.classes - 1}`;
    throw new DataError(
      `${source}: it has the label ${classes - 1}, but ${known}; move this file elsewhere, or correct its labels`,
    );
  }
}

/**
 * @param name what the data was read from, for messages
 * @throws DataError if there is no test data
 */
export function requireTest(name: string, { test, found }: DataSets): ImageDataset {
  if (test) return test;
  const others = 'test data by another name (t10k-images-idx3-ubyte, x_test, test/CLASS/*.png)';
  throw new DataError(`${name}: there is no test.csv in it, nor ${others}; ${contents(found)}`);
}

const contents = (names: readonly string[]): string =>
  names.length === 0
    ? 'it is empty'
    : `it holds ${names.slice(0, 8).join(', ')}${names.length > 8 ? ` and ${names.length - 8} more` : ''}`;
