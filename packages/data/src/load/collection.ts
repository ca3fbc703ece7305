/** Passes each file of a source to the reader of its format, and makes data sets of what the readers have found. */
import type { ImageDataset, ImageShape } from '../dataset.js';
import { DataError } from '../errors.js';
import { isPicture } from '../formats/pictures.js';
import { memoryFile, readWhole, type Source, type SourceFile } from '../source.js';
import { ArrayFiles, holdsArrays, isArrayFile } from './array-files.js';
import { CsvFiles, isCsv } from './csv-files.js';
import { type LoadOptions, type Taken, watched } from './options.js';
import { PictureFiles } from './picture-files.js';
import type { PictureSizes } from './picture-sizes.js';
import { baseName, isPartner, type Role } from './roles.js';
import { isSubmission, SubmissionFiles } from './submission-files.js';

export interface DataSets {
  /** Labelled images to train on: `train.csv`, or what stands alone. */
  readonly train: ImageDataset | undefined;
  /** Labelled images that a training is validated on, where they are apart: `val.csv`, `validation/CLASS/*.png`. */
  readonly validation: ImageDataset | undefined;
  /** Images to be predicted, with ids: `test.csv`. */
  readonly test: ImageDataset | undefined;
  /** Further labelled images by name: `extra['Dig-MNIST']` is what `Dig-MNIST.csv` holds. */
  readonly extra: Readonly<Record<string, ImageDataset>>;
  /** The labels of the test images, if they are known. */
  readonly testLabels: Uint32Array | undefined;
  /** The pictures' own sizes, where they are not all of one size and were scaled to the most frequent. */
  readonly pictureSizes: PictureSizes | undefined;
  /** Names of files that are none of the data: hidden ones, other formats, pictures of no class. */
  readonly unused: readonly string[];
  /** Names of the files that were used. */
  readonly files: readonly string[];
  /** Names of all files that were there. */
  readonly found: readonly string[];
}

export class Collection {
  readonly #csv: CsvFiles;
  readonly #arrays: ArrayFiles;
  readonly #pictures: PictureFiles;
  readonly #submissions: SubmissionFiles;
  readonly #used: string[] = [];
  readonly #unused: string[] = [];
  readonly #found: string[] = [];

  /** @param pictureSizes those that an earlier reading has found: pictures are scaled as they say */
  constructor(
    readonly source: Source,
    readonly options: LoadOptions,
    readonly pictureSizes?: PictureSizes,
  ) {
    const imageShape: ImageShape | undefined = options.imageShape ?? pictureSizes?.scaledTo;
    this.#csv = new CsvFiles(source.name, options);
    this.#arrays = new ArrayFiles(source.name, options);
    this.#pictures = new PictureFiles(source.name, { ...options, imageShape });
    this.#submissions = new SubmissionFiles(options);
  }

  /** Takes one file of several: its name tells what it is. */
  async take(file: SourceFile): Promise<void> {
    this.#found.push(file.name);
    const name = baseName(file.name);
    const isHidden = name.startsWith('.') || file.name.startsWith('__MACOSX/');
    const taken = (isHidden ? undefined : await this.#readerOf(name)?.take(file)) ?? 'unused';
    if (taken === 'used') this.#used.push(file.name);
    if (taken === 'unused') this.#unused.push(file.name);
  }

  /** Takes a file that is all there is: its content tells what it is, if its name does not. */
  async takeSingle(file: SourceFile): Promise<void> {
    const name = baseName(file.name);
    this.#found.push(name);
    if (isPicture(name)) {
      const what = 'a data set is a folder of them, with a subfolder a class';
      throw new DataError(`${file.name}: this is a single picture; ${what}`);
    }
    this.#used.push(file.name);
    if (isCsv(name)) return await this.#csv.takeSingle(file);
    const bytes = await readWhole(watched(file, this.options));
    if (isArrayFile(name) || holdsArrays(bytes)) await this.#arrays.takeSingle(file, bytes);
    else await this.#csv.takeSingle(memoryFile(file.name, bytes));
  }

  /** Takes the labels that lie in another file beside single images, as MNIST's do. */
  async takePartner(): Promise<void> {
    const { name } = this.source;
    if (!this.#arrays.lacksLabels) return;
    const partner = await this.source.beside?.((other) => isPartner(name, other));
    if (partner) for await (const file of partner.files()) await this.takeSingle(file);
  }

  /** The sizes of the pictures, if there are several and none is asked for: they must be read again, in one. */
  mixedSizes(): Promise<PictureSizes | undefined> {
    return this.#pictures.mixedSizes();
  }

  /** @throws DataError if sets do not go together */
  async finish(): Promise<DataSets> {
    const { factor, offset } = this.options;
    const found = [...(await this.#pictures.finish()), ...this.#arrays.finish(), ...this.#csv.finish()];
    const sets = found.map((set) => ({ ...set, data: set.data.scaled(factor, offset) }));
    // Of several formats for the same, the last one counts.
    const setFor = (role: Role | undefined): ImageDataset | undefined =>
      sets.findLast((set) => set.role === role)?.data;
    const extra = Object.fromEntries(sets.filter(({ role }) => role === 'extra').map(({ name, data }) => [name, data]));
    const test = setFor('test');
    const standsAlone = !test && Object.keys(extra).length === 0;
    const train = setFor('train') ?? (standsAlone ? setFor(undefined) : undefined);
    const validation = setFor('validation');
    for (const other of [validation, test, ...Object.values(extra)]) if (train && other) checkShapes(train, other);
    const ids = test?.ids ?? Array.from({ length: test?.count ?? 0 }, (_, i) => String(i));
    return {
      train,
      validation,
      test: test?.identified(ids),
      extra,
      testLabels: (test && this.#submissions.labelsOf(ids)) ?? test?.labels,
      pictureSizes: this.pictureSizes,
      unused: [...this.#unused, ...(await this.#pictures.unused())],
      files: this.#used,
      found: this.#found,
    };
  }

  #readerOf(name: string): { take(file: SourceFile): Promise<Taken> } | undefined {
    if (isSubmission(name)) return this.#submissions;
    if (isCsv(name)) return this.#csv;
    if (isPicture(name)) return this.#pictures;
    return isArrayFile(name) ? this.#arrays : undefined;
  }
}

function checkShapes(train: ImageDataset, other: ImageDataset): void {
  if (other.shape.join() === train.shape.join()) return;
  const images = ({ shape }: ImageDataset): string => `images of ${shape.join(' × ')} pixels`;
  throw new DataError(`${other.source}: it has ${images(other)}, but ${train.source} has ${images(train)}`);
}
