/** What images are like, and what in them would spoil a training. */
import type { ImageDataset, ImageShape } from './dataset.js';

export interface PixelStatistics {
  /** Of all pixels, 0 … 255. */
  readonly mean: number;
  readonly deviation: number;
  readonly least: number;
  readonly most: number;
  /** The mean of the pixels along the edges: what is background in most pictures. */
  readonly border: number;
}

export interface Inspection {
  readonly images: number;
  readonly shape: ImageShape;
  /** Images by class, where there are labels. */
  readonly classes: readonly { readonly name: string; readonly images: number }[] | undefined;
  readonly pixels: PixelStatistics;
  /** Images that are like an earlier one, pixel by pixel. */
  readonly duplicates: number;
  /** Pairs of rows that are alike and differ in their labels, from 0. */
  readonly contradictions: readonly (readonly [number, number])[];
  /** Rows whose pixels are all the same, from 0. */
  readonly constant: readonly number[];
}

export function inspect(data: ImageDataset): Inspection {
  const { count, labels, shape, classNames } = data;
  const classes =
    labels && Array.from({ length: data.classes }, (_, i) => ({ name: classNames?.[i] ?? String(i), images: 0 }));
  for (const label of labels ?? []) (classes?.[label] as { images: number }).images++;
  const rows = new Rows(data);
  let duplicates = 0;
  const contradictions: (readonly [number, number])[] = [];
  const constant: number[] = [];
  for (let row = 0; row < count; row++) {
    const image = rows.image(row);
    if (image.every((pixel) => pixel === image[0])) constant.push(row);
    const earlier = rows.add(row);
    if (earlier === undefined) continue;
    duplicates++;
    if (labels && labels[row] !== labels[earlier]) contradictions.push([earlier, row]);
  }
  return { images: count, shape, classes, pixels: pixelStatistics(data), duplicates, contradictions, constant };
}

export function pixelStatistics({ pixels, count, shape: [height, width, channels] }: ImageDataset): PixelStatistics {
  const counts = new Float64Array(256);
  for (const pixel of pixels) counts[pixel] = (counts[pixel] as number) + 1;
  const moment = (of: (value: number) => number): number =>
    counts.reduce((sum, times, value) => sum + times * of(value), 0) / pixels.length;
  const mean = moment((value) => value);
  const deviation = Math.sqrt(moment((value) => (value - mean) ** 2));
  let border = 0;
  let edges = 0;
  for (let image = 0; image < count; image++) {
    for (let r = 0; r < height; r++) {
      const inner = r > 0 && r < height - 1 && width > 1;
      for (let c = 0; c < width; c += inner ? width - 1 : 1) {
        const offset = ((image * height + r) * width + c) * channels;
        for (let k = 0; k < channels; k++) border += pixels[offset + k] as number;
        edges += channels;
      }
    }
  }
  return {
    mean,
    deviation,
    least: counts.findIndex((times) => times > 0),
    most: counts.findLastIndex((times) => times > 0),
    border: border / edges,
  };
}

/** Images of `other` that are among `data` too, pixel by pixel. */
export function countShared(data: ImageDataset, other: ImageDataset): number {
  const rows = new Rows(data);
  for (let row = 0; row < data.count; row++) rows.add(row);
  let shared = 0;
  for (let row = 0; row < other.count; row++) {
    if (rows.find(other.pixels.subarray(row * other.rowLength, (row + 1) * other.rowLength)) !== undefined) shared++;
  }
  return shared;
}

/** Whether one has light strokes on a dark ground, and the other dark ones on a light ground. */
export const areInverted = (one: PixelStatistics, other: PixelStatistics): boolean =>
  one.border > 127.5 !== other.border > 127.5;

/** Classes that some labels have and others have not, by name. */
export function missingClasses(data: ImageDataset, labels: Uint32Array, others: Uint32Array): string[] {
  const there = new Set(others);
  return [...new Set(labels)]
    .filter((label) => !there.has(label))
    .sort((a, b) => a - b)
    .map((label) => data.classNames?.[label] ?? String(label));
}

/** Finds images again by their content. */
class Rows {
  readonly #byHash = new Map<number, number[]>();

  constructor(readonly data: ImageDataset) {}

  image(row: number): Uint8Array {
    const { pixels, rowLength } = this.data;
    return pixels.subarray(row * rowLength, (row + 1) * rowLength);
  }

  /** Remembers a row, unless there is one like it already, which is returned. */
  add(row: number): number | undefined {
    const image = this.image(row);
    const earlier = this.find(image);
    if (earlier !== undefined) return earlier;
    const hash = hashOf(image);
    const rows = this.#byHash.get(hash);
    if (rows) rows.push(row);
    else this.#byHash.set(hash, [row]);
    return undefined;
  }

  find(image: Uint8Array): number | undefined {
    return this.#byHash.get(hashOf(image))?.find((row) => {
      const candidate = this.image(row);
      return candidate.length === image.length && candidate.every((pixel, i) => pixel === image[i]);
    });
  }
}

/** FNV-1a, 32 bits. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  return hash;
}
