/**
 * The IDX and NumPy files of a source. Images and their labels are arrays of their own, mostly in two files; what their
 * names have in common, pairs them: `X_dig_MNIST.npy` and `y_dig_MNIST.npy`.
 */
import { ImageDataset } from '../dataset.js';
import { DataError } from '../errors.js';
import { areLabels, imagesOf, labelsOf, type NumberArray } from '../formats/arrays.js';
import { isIdx, parseIdx } from '../formats/idx.js';
import { isNpy, isNpz, parseNpy, parseNpz } from '../formats/npy.js';
import { readWhole, type SourceFile } from '../source.js';
import { type FoundSet, isRead, type LoadOptions, limitOf, type Taken, watched } from './options.js';
import { baseName, type Role, roleOf, sharedName } from './roles.js';

interface Pair {
  readonly role: Role | undefined;
  readonly name: string;
  readonly images?: NumberArray;
  readonly labels?: NumberArray;
}

export const isArrayFile = (name: string): boolean => /\.np[yz]$/i.test(name) || /ubyte$|\.idx\d?$/i.test(name);

/** Whether a file holds arrays, by its first bytes. */
export const holdsArrays = (head: Uint8Array): boolean => isNpy(head) || isIdx(head);

export class ArrayFiles {
  readonly #pairs = new Map<string, Pair>();

  /** @param source the name of what the files lie in, for messages */
  constructor(
    readonly source: string,
    readonly options: LoadOptions,
  ) {}

  /** Whether there are images whose labels have not been found. */
  get lacksLabels(): boolean {
    return [...this.#pairs.values()].some(({ images, labels }) => images && !labels);
  }

  /**
   * Reads one file of several: its name tells what its arrays are for, unless they have names of their own that do.
   */
  async take(file: SourceFile): Promise<Taken> {
    const role = roleOf(baseName(file.name)) ?? roleOf(file.name);
    return (await this.#read(file, await readWhole(watched(file, this.options)), role)) ? 'used' : 'left';
  }

  /** Reads a file that is all there is: only names of the arrays within it matter. */
  async takeSingle(file: SourceFile, bytes: Uint8Array): Promise<void> {
    await this.#read(file, bytes, undefined);
  }

  async #read(file: SourceFile, bytes: Uint8Array, role: Role | undefined): Promise<boolean> {
    const { unzip } = this.options;
    const name = sharedName(file.name);
    if (!isNpz(bytes))
      return this.#add(isNpy(bytes) ? parseNpy(file.name, bytes) : parseIdx(file.name, bytes), role, name);
    if (!unzip)
      throw new DataError(`${file.name}: this is an archive of NumPy arrays; unpack it, and pass the .npy files in it`);
    let used = false;
    for await (const { key, array } of parseNpz(file.name, unzip(file.name, bytes)))
      used = this.#add(array, roleOf(key) ?? role, sharedName(key) || name) || used;
    return used;
  }

  #add(array: NumberArray, role: Role | undefined, name: string): boolean {
    if (!isRead(role, this.options)) return false;
    const key = role ?? `extra ${name.toLowerCase()}`;
    const pair = { role, name, [areLabels(array) ? 'labels' : 'images']: array };
    this.#pairs.set(key, this.#joined(this.#pairs.get(key), pair));
    return true;
  }

  finish(): FoundSet[] {
    const pairs = [...this.#pairs.values()];
    const [first, ...others] = pairs;
    if (!first) return [];
    // If no name tells what an array is for, there can only be one set of images, whatever its files are called.
    if (pairs.every(({ role }) => !role)) {
      const all = others.reduce<Pair>((one, other) => this.#joined(one, other), first);
      return all.images ? [this.#asSet(all, all.images)] : [];
    }
    return pairs.flatMap((pair) => {
      const { role, images, labels } = pair;
      if (!role) {
        const isExtra = images && labels && isRead('extra', this.options);
        return isExtra ? [this.#asSet({ ...pair, role: 'extra' }, images)] : [];
      }
      if (images) return [this.#asSet(pair, images)];
      throw new DataError(`${labels?.source}: these are labels, but their images are missing in ${this.source}`);
    });
  }

  #joined(one: Pair | undefined, other: Pair): Pair {
    for (const kind of ['images', 'labels'] as const) {
      const [before, after] = [one?.[kind], other[kind]];
      if (!before || !after) continue;
      const both = `both ${before.source} and ${after.source} hold ${kind}`;
      throw new DataError(`${this.source}: ${both}; which one is meant?`);
    }
    return { ...other, ...one };
  }

  #asSet({ role, name, labels }: Pair, images: NumberArray): FoundSet {
    const { shape, pixels } = imagesOf(images, this.options.imageShape);
    const [count = 0] = images.shape;
    if (labels && labels.shape[0] !== count) {
      const found = `it has ${labels.shape[0]} labels, but ${images.source} has ${count} images`;
      throw new DataError(`${labels.source}: ${found}`);
    }
    const limit = limitOf(role, this.options) ?? count;
    const length = shape[0] * shape[1] * shape[2];
    const facts = { labels: labels && labelsOf(labels).subarray(0, limit) };
    return { role, name, data: new ImageDataset(images.source, shape, pixels.subarray(0, limit * length), facts) };
  }
}
