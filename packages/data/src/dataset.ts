import { Random } from '@anke/random';
import { DataError } from './errors.js';

/** Images as rows of bytes, with a label or an id for each. */
export class ImageDataset {
  readonly count: number;

  constructor(
    /** Where the data comes from, for messages. */
    readonly source: string,
    /** (height, width, channels) */
    readonly shape: readonly [number, number, number],
    readonly pixels: Uint8Array,
    readonly labels?: Uint8Array,
    /** As the file wrote them. */
    readonly ids?: readonly string[],
    /** What the labels stand for, where that has names of its own. */
    readonly classNames?: readonly string[],
  ) {
    this.count = pixels.length / (shape[0] * shape[1] * shape[2]);
  }

  /** Labels are 0 … classes-1; ten digits, where nothing else is known. */
  get classes(): number {
    return this.classNames?.length ?? 10;
  }

  get rowLength(): number {
    return this.shape[0] * this.shape[1] * this.shape[2];
  }

  /** Rows first … end-1, without copying pixels. */
  slice(first: number, end: number): ImageDataset {
    const pixels = this.pixels.subarray(first * this.rowLength, end * this.rowLength);
    return new ImageDataset(
      this.source,
      this.shape,
      pixels,
      this.labels?.subarray(first, end),
      this.ids?.slice(first, end),
      this.classNames,
    );
  }

  /** The same images with these labels. */
  labelled(labels: Uint8Array): ImageDataset {
    return new ImageDataset(this.source, this.shape, this.pixels, labels, this.ids, this.classNames);
  }

  /**
   * The same images with labels that count these classes: as a model does that has learned from others.
   *
   * @throws DataError if an image belongs to none of them
   */
  withClasses(classNames: readonly string[]): ImageDataset {
    const { labels, classNames: own } = this;
    if (!labels || !own) return this;
    const places = own.map((name) => classNames.indexOf(name));
    const missing = labels.findIndex((label) => (places[label] as number) < 0);
    if (missing >= 0) {
      throw new DataError(
        `${this.ids?.[missing] ?? `${this.source}, image ${missing}`}: the class "${own[labels[missing] as number]}" is none of ${classNames.join(', ')}`,
      );
    }
    const { source, shape, pixels, ids } = this;
    return new ImageDataset(
      source,
      shape,
      pixels,
      labels.map((label) => places[label] as number),
      ids,
      classNames,
    );
  }

  /** The rows in an order that the seed decides. */
  shuffled(seed: number): ImageDataset {
    const order = new Random(seed, 'dataset').permutation(this.count);
    const pixels = new Uint8Array(this.pixels.length);
    order.forEach((row, i) => {
      pixels.set(this.pixels.subarray(row * this.rowLength, (row + 1) * this.rowLength), i * this.rowLength);
    });
    const { labels, ids } = this;
    return new ImageDataset(
      this.source,
      this.shape,
      pixels,
      labels && Uint8Array.from(order, (row) => labels[row] as number),
      ids && Array.from(order, (row) => ids[row] as string),
      this.classNames,
    );
  }
}

/**
 * Holds out a part for validation as Keras's ImageDataGenerator does: the first ⌊validationSplit · n⌋ rows, in the order
 * of the file.
 *
 * @throws DataError if a part is empty, or the two do not hold the same classes
 */
export function splitForValidation(
  data: ImageDataset,
  validationSplit: number,
): { readonly training: ImageDataset; readonly validation: ImageDataset } {
  const held = Math.floor(data.count * validationSplit);
  if (held < 1 || held >= data.count) {
    throw new DataError(
      `${data.source}: a validation split of ${validationSplit} leaves ${held} of ${data.count} rows for validation and ${data.count - held} for training`,
    );
  }
  const validation = data.slice(0, held);
  const training = data.slice(held, data.count);
  const classes = (part: ImageDataset): string => [...new Set(part.labels)].sort((a, b) => a - b).join(', ');
  if (classes(validation) !== classes(training)) {
    throw new DataError(
      `${data.source}: the training and the validation rows must hold the same classes, but training has ${classes(training)} and validation (the first ${held} rows) has ${classes(validation)}; shuffle the file or change the split`,
    );
  }
  return { training, validation };
}
