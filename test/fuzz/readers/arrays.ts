/** Arrays of numbers: IDX and NumPy's, the latter compared with a plain reader. */
import { areLabels, imagesOf, labelsOf, type NumberArray } from '../../../packages/data/src/formats/arrays.js';
import { parseIdx } from '../../../packages/data/src/formats/idx.js';
import { parseNpy } from '../../../packages/data/src/formats/npy.js';
import { MOST_CLASSES } from '../../../packages/data/src/labels.js';
import { idx, npy } from '../../../packages/data/src/testing/arrays.js';
import { Difference, type Reader } from '../reader.ts';
import { plainNpy } from '../second/npy.ts';

const bytesOf = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 37) % 256);
const digitsOf = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i % 10);

/** What an array holds: labels below the bound, or whole images. */
export function valuesOf(array: NumberArray): ArrayLike<number> {
  if (areLabels(array)) {
    const labels = labelsOf(array);
    if (labels.some((label) => label >= MOST_CLASSES)) throw new Difference('a label that is too large');
    return labels;
  }
  const { shape, pixels } = imagesOf(array, undefined);
  if (pixels.length % shape.reduce((a, b) => a * b) !== 0) throw new Difference('an image that is not whole');
  return pixels;
}

export const idxReader: Reader = {
  seeds: () => [
    idx(8, [3, 4, 4], bytesOf(48)),
    idx(8, [5], digitsOf(5)),
    idx(0x0c, [3], Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3)),
    idx(9, [4, 1], digitsOf(4)),
  ],
  words: ['\x00\x00\x08\x01', '\x00\x00\x0b\x03', '\x00\x00\x00\x01', '\xff\xff\xff\xff', '\x00\x01\x00\x00'],
  read(bytes) {
    const array = parseIdx('file', bytes);
    const values = valuesOf(array);
    const count = array.shape.reduce((a, b) => a * b);
    if (values.length !== count) throw new Difference(`${values.length} values instead of ${count}`);
  },
};

export const npyReader: Reader = {
  seeds: () => [
    npy('|u1', [3, 4, 4], bytesOf(48)),
    npy(
      '<i8',
      [3],
      Uint8Array.from({ length: 24 }, (_, i) => (i % 8 === 0 ? i / 8 : 0)),
    ),
    npy('|u1', [3, 16], bytesOf(48)),
    npy('>i4', [2, 1], new Uint8Array(8)),
  ],
  words: [
    "'descr': '<i8'",
    "'|u1'",
    "'fortran_order': ",
    'True',
    'False',
    "'shape': (",
    '(2, 2)',
    ',',
    ')',
    '}',
    'L',
    '99',
  ],
  read(bytes) {
    const array = parseNpy('file', bytes);
    const values = valuesOf(array);
    const plain = plainNpy(bytes);
    if (!plain) throw new Difference('it is read, but its header is none');
    if (plain.shape.join() !== array.shape.join())
      throw new Difference(`shape ${array.shape} instead of ${plain.shape}`);
    if (Array.from(values).join() !== plain.values.join())
      throw new Difference(`${Array.from(values)} instead of ${plain.values}`);
  },
};
