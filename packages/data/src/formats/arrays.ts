/** Arrays of numbers as files hold them: what IDX and NumPy's formats have in common. */
import type { ImageShape } from '../dataset.js';
import { DataError } from '../errors.js';
import { LABEL_RANGE, MOST_CLASSES } from '../labels.js';

export interface NumberArray {
  /** Where it comes from, for messages. */
  readonly source: string;
  readonly shape: readonly number[];
  readonly type: 'uint8' | 'int8' | 'uint16' | 'int16' | 'uint32' | 'int32' | 'uint64' | 'int64';
  readonly littleEndian: boolean;
  /** The elements, the last axis running fastest. */
  readonly bytes: Uint8Array;
}

export const ELEMENT_BYTES: Readonly<Record<NumberArray['type'], number>> = {
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  uint64: 8,
  int64: 8,
};

/**
 * Pixels of images: an array of bytes (images, height, width[, channels]) or (images, pixels).
 *
 * @param imageShape (height, width, channels), where the array does not say it
 * @throws DataError if the array is nothing of the kind
 */
export function imagesOf(
  { source, shape, type, bytes }: NumberArray,
  imageShape: ImageShape | undefined,
): { readonly shape: ImageShape; readonly pixels: Uint8Array } {
  const fail = (problem: string): DataError => new DataError(`${source}: ${problem}`);
  if (type !== 'uint8') throw fail(`images must be bytes (uint8), not ${type}`);
  const [count = 0, ...sides] = shape;
  const pixels = sides.reduce((a, b) => a * b, 1);
  if (count === 0 || pixels === 0) throw fail(`an array of shape (${shape.join(', ')}) holds no images`);
  if (imageShape) {
    const length = imageShape.reduce((a, b) => a * b);
    if (length !== pixels)
      throw fail(`there are ${pixels} numbers an image, but an image of ${imageShape.join(' × ')} has ${length}`);
    return { shape: imageShape, pixels: bytes };
  }
  const [height = 1, width = 1, channels = 1] = sides;
  if (sides.length === 2 || sides.length === 3) return { shape: [height, width, channels], pixels: bytes };
  const side = Math.round(Math.sqrt(pixels));
  if (sides.length === 1 && side * side === pixels) return { shape: [side, side, 1], pixels: bytes };
  throw fail(
    `an array of shape (${shape.join(', ')}) is expected to be (images, height, width), ` +
      'with channels or without, or (images, pixels) of square images',
  );
}

/** Whether an array holds labels: it has one number for each image. */
export const areLabels = ({ shape }: NumberArray): boolean =>
  shape.length === 1 || (shape.length === 2 && shape[1] === 1);

/**
 * Labels 0 … classes − 1: an array (images) or (images, 1) of whole numbers.
 *
 * @throws DataError if the array is nothing of the kind
 */
export function labelsOf({ source, shape, type, littleEndian, bytes }: NumberArray): Uint32Array {
  const [count = 0, ...rest] = shape;
  if (rest.some((side) => side !== 1))
    throw new DataError(`${source}: labels must be an array (images), not (${shape.join(', ')})`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = ELEMENT_BYTES[type];
  const read: Readonly<Record<NumberArray['type'], (offset: number) => number>> = {
    uint8: (offset) => view.getUint8(offset),
    int8: (offset) => view.getInt8(offset),
    uint16: (offset) => view.getUint16(offset, littleEndian),
    int16: (offset) => view.getInt16(offset, littleEndian),
    uint32: (offset) => view.getUint32(offset, littleEndian),
    int32: (offset) => view.getInt32(offset, littleEndian),
    uint64: (offset) => Number(view.getBigUint64(offset, littleEndian)),
    int64: (offset) => Number(view.getBigInt64(offset, littleEndian)),
  };
  const labels = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const label = read[type](i * size);
    if (!(label >= 0 && label < MOST_CLASSES))
      throw new DataError(`${source}, element ${i}: expected ${LABEL_RANGE}, found ${label}`);
    labels[i] = label;
  }
  return labels;
}

/** @throws DataError if the array's length is not what its header says */
export function checkLength(source: string, shape: readonly number[], elementBytes: number, found: number): void {
  const expected = shape.reduce((product, side) => product * side, elementBytes);
  if (found === expected) return;
  const numbers = `an array of shape (${shape.join(', ')}) has ${expected} bytes`;
  throw new DataError(
    found < expected
      ? `${source}: ${numbers}, but only ${found} are there; its end is missing`
      : `${source}: ${numbers}, but ${found - expected} more follow`,
  );
}
