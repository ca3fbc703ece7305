/** IDX and NumPy files, for tests. */
import { expect } from 'vitest';
import { areLabels, imagesOf, labelsOf, type NumberArray } from '../formats/arrays.js';
import { MOST_CLASSES } from '../labels.js';

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let length = 0;
  for (const part of parts) {
    bytes.set(part, length);
    length += part.length;
  }
  return bytes;
}

/** An IDX file: elements of `type` (8 for bytes), as they lie in it. */
export function idx(type: number, shape: readonly number[], elements: Uint8Array): Uint8Array {
  const header = new DataView(new ArrayBuffer(4 + 4 * shape.length));
  header.setUint8(2, type);
  header.setUint8(3, shape.length);
  for (const [i, side] of shape.entries()) header.setUint32(4 + 4 * i, side);
  return joined(new Uint8Array(header.buffer), elements);
}

/** A NumPy file, as numpy.save writes it. */
export function npy(descr: string, shape: readonly number[], elements: Uint8Array, fortran = false): Uint8Array {
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${descr}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': (${sides}), }`;
  const header = `${text.padEnd(128 - 10 - 1)}\n`;
  const start = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 0xff, header.length >> 8);
  return joined(start, new TextEncoder().encode(header), elements);
}

/** That an array holds what it says: labels below the bound, or whole images. */
export function checkArray(array: NumberArray): void {
  if (areLabels(array)) {
    expect(labelsOf(array).every((label) => label < MOST_CLASSES)).toBe(true);
    return;
  }
  const { shape, pixels } = imagesOf(array, undefined);
  expect(pixels.length % shape.reduce((a, b) => a * b)).toBe(0);
}
