/**
 * Whatever people have their images in, as data sets: the competition's CSV files, MNIST's IDX files, NumPy's arrays, or
 * pictures in one folder a class; in a folder, an archive, or a single file. Names tell what is for training and what for
 * testing (`roles.ts`); a source's files are read one after the other, each once.
 */
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { CsvParser } from './csv/parser.js';
import { ImageDataset } from './dataset.js';
import { DataError } from './errors.js';
import { imagesOf, labelsOf, type NumberArray } from './formats/arrays.js';
import { isIdx, parseIdx } from './formats/idx.js';
import { isNpy, parseNpy, parseNpz } from './formats/npy.js';
import { decodePicture, isPicture, type Picture } from './formats/pictures.js';
import { baseName, type Role, roleOf } from './roles.js';
import { readWhole, type SourceFile } from './source/file.js';
import { type ArchiveLimits, DEFAULT_LIMITS } from './source/limits.js';
import { isZip, openSource } from './source/source.js';
import { readSubmission } from './submission.js';

export interface DataSets {
  /** Labelled images to train on: `train.csv`, or what stands alone. */
  readonly train: ImageDataset | undefined;
  /** Images to be predicted, with ids: `test.csv`. */
  readonly test: ImageDataset | undefined;
  /** `Dig-MNIST.csv`: labelled images by other writers, harder; not every source has them. */
  readonly digMnist: ImageDataset | undefined;
  /** The labels of the test images, where they are known. */
  readonly testLabels: Uint8Array | undefined;
  /** Names of the files that were used. */
  readonly files: readonly string[];
  /** Names of all files that were there. */
  readonly found: readonly string[];
}

export interface LoadOptions {
  /** Reads at most this many training rows. */
  readonly limit?: number | undefined;
  /** (height, width, channels) where the files do not say it; pictures are scaled to it. */
  readonly imageShape?: readonly [number, number, number] | undefined;
  /** Whether a single file must have labels. */
  readonly needs?: 'label' | undefined;
  /** What is wanted; all, if absent. */
  readonly roles?: readonly Role[] | undefined;
  /** How much archives may unpack to. */
  readonly limits?: ArchiveLimits | undefined;
  /** Is told the file that is being read, bytes read, and bytes in all, 0 where nobody knows. */
  readonly onProgress?: ((file: string, done: number, total: number) => void) | undefined;
}

/** Labels in files that do not tell their classes: ten digits. */
const CLASSES = 10;
/** Pictures that are decoded side by side. */
const SIDE_BY_SIDE = 16;

/**
 * Reads all data sets of a source.
 *
 * @throws DataError if a file is wrong, or two files are for the same
 */
export async function loadData(path: string, options: LoadOptions = {}): Promise<DataSets> {
  const collection = new Collection(path, options);
  const source = await openSource(path, options.limits);
  for await (const file of source.files()) await collection.take(file, source.kind === 'file');
  if (source.kind === 'file') await collection.takePartners();
  return await collection.finish();
}

/**
 * The images of a source that holds one data set; else its test images, or the first others that it has.
 *
 * @throws DataError if there are none, or, where labels are needed, none with labels; or if a file is wrong
 */
export async function loadImages(path: string, options: LoadOptions = {}): Promise<ImageDataset> {
  const { test, testLabels, digMnist, train, found } = await loadData(path, options);
  const labelledTest = test && testLabels ? test.labelled(testLabels) : test;
  const all = [labelledTest, digMnist, train].filter((data) => data !== undefined);
  const data = options.needs ? all.find(({ labels }) => labels) : all[0];
  if (data) return data;
  throw new DataError(
    `${path}: ${all.length > 0 ? 'its images have no labels' : `there are no images in it; ${holds(found)}`}`,
  );
}

/** @throws DataError if there is no training data */
export function requireTraining(path: string, { train, found }: DataSets): ImageDataset {
  if (train && !train.labels) throw new DataError(`${train.source}: its images have no labels to learn from`);
  if (train) return train;
  throw new DataError(
    `${path}: there is no train.csv in it, nor training data by another name (train-images-idx3-ubyte, x_train, train/CLASS/*.png); ${holds(found)}`,
  );
}

/** @throws DataError if there is no test data */
export function requireTest(path: string, { test, found }: DataSets): ImageDataset {
  if (test) return test;
  throw new DataError(
    `${path}: there is no test.csv in it, nor test data by another name (t10k-images-idx3-ubyte, x_test, test/CLASS/*.png); ${holds(found)}`,
  );
}

const holds = (names: readonly string[]): string =>
  names.length === 0
    ? 'it is empty'
    : `it holds ${names.slice(0, 8).join(', ')}${names.length > 8 ? ` and ${names.length - 8} more` : ''}`;

interface Arrays {
  images?: NumberArray;
  labels?: NumberArray;
}

interface NamedPicture extends Picture {
  readonly file: string;
  /** The folder that it lay in; undefined if pictures lie there without a class. */
  readonly className: string | undefined;
}

const OTHER = 'other';
type Place = Role | typeof OTHER;

/** Takes files in any order and makes data sets of them. */
class Collection {
  readonly #csv = new Map<Place, ImageDataset>();
  readonly #arrays = new Map<Place, Arrays>();
  readonly #pictures = new Map<Place, NamedPicture[]>();
  #decoding: Promise<void>[] = [];
  #sample: { readonly file: string; readonly bytes: Uint8Array } | undefined;
  #answers: { readonly file: string; readonly bytes: Uint8Array } | undefined;
  readonly #used: string[] = [];
  readonly #found: string[] = [];

  constructor(
    readonly path: string,
    readonly options: LoadOptions,
  ) {}

  /** @param only whether it is all there is: then its content tells what it is, and its name does not matter */
  async take(file: SourceFile, only: boolean): Promise<void> {
    const name = baseName(file.name);
    this.#found.push(only ? name : file.name);
    if (name.startsWith('.') || file.name.startsWith('__MACOSX/')) return;
    if (/\.csv$/i.test(name)) return await this.#takeCsv(file, name, only);
    if (isPicture(name)) {
      if (only)
        throw new DataError(
          `${file.name}: this is a single picture; a data set is a folder of them, with a subfolder a class`,
        );
      return await this.#takePicture(file);
    }
    if (/\.np[yz]$/i.test(name) || /ubyte$|\.idx\d?$/i.test(name))
      return await this.#takeArrays(file, await readWhole(this.#watched(file)), only);
    if (!only) return;
    const bytes = await readWhole(this.#watched(file));
    if (isNpy(bytes) || isIdx(bytes)) await this.#takeArrays(file, bytes, only);
    else
      await this.#takeCsv(
        {
          ...file,
          bytes: bytes.length,
          pieces: async function* () {
            yield bytes;
          },
        },
        name,
        only,
      );
  }

  /** Labels that lie in another file beside the images that were named, as MNIST's do. */
  async takePartners(): Promise<void> {
    for (const { images, labels } of [...this.#arrays.values()]) {
      if (!images || labels) continue;
      const stem = (name: string): string =>
        baseName(name)
          .toLowerCase()
          .replace(/\.gz$/, '')
          .replace('images', 'labels')
          .replace('idx3', 'idx1')
          .replace(/(^|[-_.])x(?=[-_.])/, '$1y')
          .replace(/^x(?=t)/, 'y');
      const folder = dirname(this.path);
      const partner = readdirSync(folder).find(
        (name) => name !== basename(this.path) && stem(name) === stem(this.path),
      );
      if (!partner) continue;
      const source = await openSource(join(folder, partner), this.options.limits);
      for await (const file of source.files()) await this.take(file, true);
    }
  }

  async finish(): Promise<DataSets> {
    await Promise.all(this.#decoding);
    const sets = new Map<Place, ImageDataset>();
    const classNames = this.#classNames();
    for (const [place, pictures] of this.#pictures) sets.set(place, this.#picturesAsData(place, pictures, classNames));
    for (const [place, arrays] of this.#arrays) {
      const data = this.#arraysAsData(place, arrays);
      if (data) sets.set(place, data);
    }
    for (const [place, data] of this.#csv) sets.set(place, data);

    const train = sets.get('train') ?? (sets.has('test') || sets.has('digMnist') ? undefined : sets.get(OTHER));
    const test = sets.get('test');
    const digMnist = sets.get('digMnist');
    for (const other of [test, digMnist]) {
      if (other && train && other.shape.join() !== train.shape.join()) {
        const images = (data: ImageDataset): string => `images of ${data.shape.join(' × ')} pixels`;
        throw new DataError(`${other.source}: it has ${images(other)}, but ${train.source} has ${images(train)}`);
      }
    }
    const ids = test?.ids ?? Array.from({ length: test?.count ?? 0 }, (_, i) => String(i));
    if (test && this.#sample) readSubmission(this.#sample.file, this.#sample.bytes, ids);
    const answers = test && this.#answers && readSubmission(this.#answers.file, this.#answers.bytes, ids);
    return {
      train,
      test: test && new ImageDataset(test.source, test.shape, test.pixels, test.labels, ids, test.classNames),
      digMnist,
      testLabels: answers ?? test?.labels,
      files: this.#used,
      found: this.#found,
    };
  }

  #isWanted(place: Place): boolean {
    const { roles } = this.options;
    return place === OTHER || !roles || roles.includes(place);
  }

  async #takeCsv(file: SourceFile, name: string, only: boolean): Promise<void> {
    if (/^(sample_submission|test-labels)\.csv$/i.test(name) && !this.#isWanted('test')) return;
    if (/^sample_submission\.csv$/i.test(name)) {
      this.#sample = { file: file.name, bytes: await this.#use(file) };
      return;
    }
    if (/^test-labels\.csv$/i.test(name)) {
      this.#answers = { file: file.name, bytes: await this.#use(file) };
      return;
    }
    const place = only ? OTHER : (roleOf(name) ?? OTHER);
    // What a run or a program leaves beside the data is none of our business.
    if ((place === OTHER && !only) || !this.#isWanted(place)) return;
    const before = this.#csv.get(place);
    if (before)
      throw new DataError(`${this.path}: both ${before.source} and ${file.name} are there; which one is meant?`);
    const { limit, imageShape, needs } = this.options;
    const parser = new CsvParser(
      file.name,
      {
        ...(place === 'test' ? { needs: 'either' } : place !== OTHER ? { needs: 'label' } : needs ? { needs } : {}),
        ...(imageShape ? { imageShape } : {}),
        ...(limit !== undefined && (place === 'train' || place === OTHER) ? { limit } : {}),
      },
      file.bytes,
    );
    for await (const piece of this.#watched(file).pieces()) {
      parser.push(piece);
      if (parser.full) break;
    }
    this.#csv.set(place, parser.end());
    this.#used.push(file.name);
  }

  async #takeArrays(file: SourceFile, bytes: Uint8Array, only: boolean): Promise<void> {
    const arrays: (readonly [string, NumberArray])[] = [];
    if (isZip(bytes)) {
      for await (const array of parseNpz(file.name, bytes, this.options.limits ?? DEFAULT_LIMITS)) {
        arrays.push([array.source.slice(file.name.length + 2), array]);
      }
    } else {
      arrays.push(['', isNpy(bytes) ? parseNpy(file.name, bytes) : parseIdx(file.name, bytes)]);
    }
    for (const [key, array] of arrays) {
      const place = roleOf(key) ?? (only ? OTHER : (roleOf(baseName(file.name)) ?? roleOf(file.name) ?? OTHER));
      if (!this.#isWanted(place)) continue;
      const kind = array.shape.length === 1 || (array.shape.length === 2 && array.shape[1] === 1) ? 'labels' : 'images';
      const held = this.#arrays.get(place) ?? {};
      const before = held[kind];
      if (before)
        throw new DataError(
          `${this.path}: both ${before.source} and ${array.source} hold ${kind}; which one is meant?`,
        );
      this.#arrays.set(place, { ...held, [kind]: array });
    }
    this.#used.push(file.name);
  }

  /** `[split/]class/picture`, or `split/picture` without classes. Pictures in no folder belong to nothing. */
  async #takePicture(file: SourceFile): Promise<void> {
    const folders = file.name.split('/').slice(0, -1);
    const last = folders.at(-1);
    if (last === undefined) return;
    const ownRole = roleOf(last);
    const place = ownRole ?? roleOf(folders.slice(0, -1).join('/')) ?? OTHER;
    if (!this.#isWanted(place)) return;
    const list = this.#pictures.get(place) ?? [];
    this.#pictures.set(place, list);
    const { limit, imageShape } = this.options;
    if (limit !== undefined && place !== 'test' && place !== 'digMnist' && list.length >= limit && ownRole) return;
    const bytes = await this.#use(file);
    const at = list.length;
    const name = file.name;
    list.push({ shape: [0, 0, 0], pixels: new Uint8Array(), file: name, className: ownRole ? undefined : last });
    const decoded = decodePicture(name, bytes, imageShape).then((picture) => {
      list[at] = { ...(list[at] as NamedPicture), ...picture };
    });
    decoded.catch(() => undefined); // awaited below, or at the end
    this.#decoding.push(decoded);
    if (this.#decoding.length >= SIDE_BY_SIDE) {
      await Promise.all(this.#decoding);
      this.#decoding = [];
    }
  }

  /** The classes of all pictures: numbers as they are, names in their order. */
  #classNames(): readonly string[] {
    const names = new Set([...this.#pictures.values()].flat().flatMap(({ className }) => className ?? []));
    if ([...names].every((name) => /^\d{1,2}$/.test(name))) {
      return Array.from({ length: Math.max(-1, ...[...names].map(Number)) + 1 }, (_, i) => String(i));
    }
    return [...names].sort();
  }

  #picturesAsData(place: Place, pictures: readonly NamedPicture[], classNames: readonly string[]): ImageDataset {
    const source = `${this.path}${place === OTHER ? '' : ` (${place})`}`;
    // By number within the class first: so any first part of the rows holds all classes alike.
    const seen = new Map<string | undefined, number>();
    const ordered = pictures
      .map((picture) => {
        const rank = seen.get(picture.className) ?? 0;
        seen.set(picture.className, rank + 1);
        return { ...picture, rank };
      })
      .sort((a, b) => a.rank - b.rank)
      .slice(0, place === 'train' || place === OTHER ? this.options.limit : undefined);
    const [first] = ordered;
    if (!first) throw new DataError(`${source}: there are no pictures in it`);
    const length = first.pixels.length;
    const pixels = new Uint8Array(ordered.length * length);
    ordered.forEach(({ file, shape, pixels: image }, i) => {
      if (shape.join() !== first.shape.join()) {
        throw new DataError(
          `${file}: its ${shape.slice(0, 2).join(' × ')} pixels are not the ${first.shape.slice(0, 2).join(' × ')} of ${first.file}; with an image shape, all are scaled to it`,
        );
      }
      pixels.set(image, i * length);
    });
    const unnamed = ordered.find(({ className }) => className === undefined);
    const labels = unnamed
      ? undefined
      : Uint8Array.from(ordered, ({ className }) => labelOf(className as string, classNames));
    const ids = ordered.map(({ file }) => file);
    return new ImageDataset(source, first.shape, pixels, labels, ids, classNames.length > 0 ? classNames : undefined);
  }

  #arraysAsData(place: Place, { images, labels }: Arrays): ImageDataset | undefined {
    const { imageShape, limit } = this.options;
    if (!images) {
      if (place === OTHER || !labels) return undefined;
      throw new DataError(`${labels.source}: these are labels, but their images are missing in ${this.path}`);
    }
    const { shape, pixels } = imagesOf(images, imageShape);
    const [count = 0] = images.shape;
    if (labels && labels.shape[0] !== count) {
      throw new DataError(
        `${labels.source}: it has ${labels.shape[0]} labels, but ${images.source} has ${count} images`,
      );
    }
    const data = new ImageDataset(images.source, shape, pixels, labels && labelsOf(labels, CLASSES));
    return limit !== undefined && limit < count && (place === 'train' || place === OTHER) ? data.slice(0, limit) : data;
  }

  async #use(file: SourceFile): Promise<Uint8Array> {
    this.#used.push(file.name);
    return await readWhole(file);
  }

  /** A file whose reading is reported. */
  #watched(file: SourceFile): SourceFile {
    const { onProgress } = this.options;
    if (!onProgress) return file;
    return {
      ...file,
      async *pieces() {
        let done = 0;
        onProgress(file.name, 0, file.bytes ?? 0);
        for await (const piece of file.pieces()) {
          done += piece.length;
          onProgress(file.name, done, file.bytes ?? 0);
          yield piece;
        }
      },
    };
  }
}

const labelOf = (className: string, classNames: readonly string[]): number =>
  /^\d{1,2}$/.test(className) && classNames[Number(className)] === String(Number(className))
    ? Number(className)
    : classNames.indexOf(className);
