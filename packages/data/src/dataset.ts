/** Images in memory: bytes row after row, which the device makes numbers of, and what is known of each image. */
import { Random } from '@anke/random';
import { DataError } from './errors.js';
import { countClasses } from './labels.js';

/** (height, width, channels) */
export type ImageShape = readonly [height: number, width: number, channels: number];

/** What is known of images besides their pixels. */
export interface ImageFacts {
  /** A class number for each image. */
  readonly labels?: Uint32Array | undefined;
  /** As the file wrote them. */
  readonly ids?: readonly string[] | undefined;
  /** What the labels stand for, if the classes have names. */
  readonly classNames?: readonly string[] | undefined;
  /** Labels are 0 … classes − 1; without it, as many as there are names, or one more than the largest label. */
  readonly classes?: number | undefined;
  /** A pixel becomes the number byte · factor + offset; 1/255 and 0, if absent: numbers in 0 … 1. */
  readonly factor?: number | undefined;
  readonly offset?: number | undefined;
}

/** Images as rows of bytes, with a label or an id for each. */
export class ImageDataset {
  readonly count: number;
  readonly labels: Uint32Array | undefined;
  readonly ids: readonly string[] | undefined;
  readonly classNames: readonly string[] | undefined;
  /** Labels are 0 … classes − 1; 0 if there are neither labels nor names of classes. */
  readonly classes: number;
  /** A pixel becomes the number byte · factor + offset. */
  readonly factor: number;
  readonly offset: number;

  /** @param source where the data comes from, for messages */
  constructor(
    readonly source: string,
    readonly shape: ImageShape,
    readonly pixels: Uint8Array,
    facts: ImageFacts = {},
  ) {
    this.count = pixels.length / this.rowLength;
    this.labels = facts.labels;
    this.ids = facts.ids;
    this.classNames = facts.classNames;
    this.classes = facts.classes ?? facts.classNames?.length ?? countClasses(facts.labels);
    this.factor = facts.factor ?? 1 / 255;
    this.offset = facts.offset ?? 0;
  }

  get rowLength(): number {
    return this.shape[0] * this.shape[1] * this.shape[2];
  }

  /** Rows first … end−1, without copying pixels. The classes stay those of the whole. */
  slice(first: number, end: number): ImageDataset {
    return this.#with(this.pixels.subarray(first * this.rowLength, end * this.rowLength), {
      labels: this.labels?.subarray(first, end),
      ids: this.ids?.slice(first, end),
    });
  }

  /** The same images with these labels. */
  labelled(labels: Uint32Array): ImageDataset {
    return this.#with(this.pixels, { labels, classes: this.classNames?.length });
  }

  /** The same images with these ids. */
  identified(ids: readonly string[]): ImageDataset {
    return this.#with(this.pixels, { ids });
  }

  /** The same images, whose pixels become byte · factor + offset. */
  scaled(factor: number | undefined, offset: number | undefined): ImageDataset {
    return this.#with(this.pixels, { factor, offset });
  }

  /**
   * The same images with labels that count these classes: as a model does that has learned from others.
   *
   * @throws DataError if an image belongs to none of them
   */
  withClasses(classNames: readonly string[]): ImageDataset {
    const { labels, classNames: own } = this;
    if (!labels || !own) return this;
    const indices = own.map((name) => classNames.indexOf(name));
    const missing = labels.findIndex((label) => (indices[label] as number) < 0);
    if (missing >= 0) {
      const image = this.ids?.[missing] ?? `${this.source}, image ${missing}`;
      const found = own[labels[missing] as number];
      throw new DataError(`${image}: the class "${found}" is none of ${classNames.join(', ')}`);
    }
    return this.#with(this.pixels, {
      labels: labels.map((label) => indices[label] as number),
      classNames,
      classes: classNames.length,
    });
  }

  /** The rows in an order that the seed decides. */
  shuffled(seed: number): ImageDataset {
    return this.rows(new Random(seed, 'dataset').permutation(this.count));
  }

  /** A copy of these rows, in this order. The classes stay those of the whole. */
  rows(order: Uint32Array): ImageDataset {
    const { labels, ids, rowLength } = this;
    const pixels = new Uint8Array(order.length * rowLength);
    order.forEach((row, i) => {
      pixels.set(this.pixels.subarray(row * rowLength, (row + 1) * rowLength), i * rowLength);
    });
    return this.#with(pixels, {
      labels: labels && Uint32Array.from(order, (row) => labels[row] as number),
      ids: ids && Array.from(order, (row) => ids[row] as string),
    });
  }

  #with(pixels: Uint8Array, changes: ImageFacts): ImageDataset {
    const { source, shape, labels, ids, classNames, classes, factor, offset } = this;
    const facts = { labels, ids, classNames, classes, factor, offset };
    return new ImageDataset(source, shape, pixels, { ...facts, ...changes });
  }
}
