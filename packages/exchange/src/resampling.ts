/**
 * Which pixels resampled images are made of, along one axis: output o of `out` lies over input (o + ½) · size / out −
 * ½. See the kernels that resample, which count the same way.
 */

/** For each output the input that it lies in; between two, the second. */
export const nearestPixels = (size: number, out: number): number[] =>
  Array.from({ length: out }, (_, o) => Math.floor(((2 * o + 1) * size) / (2 * out)));

/** The share of each input in each output, (size, out): output = input · matrix. */
export function resamplingMatrix(size: number, out: number, interpolation: 'bilinear' | 'nearest'): Float32Array {
  const matrix = new Float32Array(size * out);
  const nearest = nearestPixels(size, out);
  for (let o = 0; o < out; o++) {
    if (interpolation === 'nearest') {
      matrix[(nearest[o] as number) * out + o] = 1;
      continue;
    }
    const position = Math.min(Math.max(((2 * o + 1) * size - out) / (2 * out), 0), size - 1);
    for (let i = 0; i < size; i++) matrix[i * out + o] = Math.max(0, 1 - Math.abs(position - i));
  }
  return matrix;
}
