/**
 * Joins two arrays of rows along their channels, and takes a range of channels out again.
 *
 *   Y[r, c] = A[r, c] for c < a, else B[r, c − a]             concatChannels: A (rows, a), B (rows, b), Y (rows, a + b)
 *   Y[r, c] = X[r, offset + c]                                 sliceChannels: X (rows, channels), Y (rows, count)
 *
 * More than two arrays are joined one after the other, so that one dispatch writes each output whole. The gradient of a
 * part is the slice of dY at the part's offset. All may be float32 or float16. A thread an element that is written.
 * Timed by `pnpm anke bench kernels --filter channels`.
 */
import { type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { constants, flatGrid, flatRow } from '../runtime/wgsl.js';

export interface ConcatParams {
  readonly rows: number;
  readonly aChannels: number;
  readonly bChannels: number;
}

const joined = (p: ConcatParams): number => p.rows * (p.aChannels + p.bChannels);

const concatBindings = {
  a: { access: 'read', type: 'f32', length: (p) => p.rows * p.aChannels },
  b: { access: 'read', type: 'f32', length: (p) => p.rows * p.bChannels },
  y: { access: 'write', type: 'f32', length: joined },
} as const satisfies Record<string, Binding<ConcatParams>>;

export const concatChannels = defineKernel<ConcatParams, keyof typeof concatBindings>({
  name: 'channels/concat',
  bindings: concatBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(joined(p)),
      wgsl: (p) => `
${constants({ A: p.aChannels, B: p.bChannels, LENGTH: joined(p), ROW: flatRow(joined(p)) })}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= LENGTH) { return; }
  let c = index % (A + B);
  let row = index / (A + B);
  var value = 0.0;
  if (c < A) { value = f32(a[row * A + c]); } else { value = f32(b[row * B + c - A]); }
  y[index] = y_t(value);
}`,
    },
  },
  cost: (p) => ({ flops: 0, bytes: bindingBytes(concatBindings, p) }),
  terms: () => 0,
  reference: (p, { a, b }) => ({ y: concatReference(p, a, b) }),
  magnitudes(p, inputs) {
    return this.reference(p, inputs);
  },
  cases: [
    { rows: 1, aChannels: 1, bChannels: 1 },
    { rows: 3, aChannels: 7, bChannels: 1 },
    { rows: 33, aChannels: 3, bChannels: 65 },
    { rows: 129, aChannels: 32, bChannels: 32 },
    { rows: 16 * 28 * 28, aChannels: 16, bChannels: 33 },
  ],
});

/** Both arrays, row by row. */
export function concatReference(p: ConcatParams, a: Float64Array, b: Float64Array): Float64Array {
  const y = new Float64Array(joined(p));
  for (let row = 0; row < p.rows; row++) {
    const start = row * (p.aChannels + p.bChannels);
    y.set(a.subarray(row * p.aChannels, (row + 1) * p.aChannels), start);
    y.set(b.subarray(row * p.bChannels, (row + 1) * p.bChannels), start + p.aChannels);
  }
  return y;
}

export interface SliceParams {
  readonly rows: number;
  /** Channels of X. */
  readonly channels: number;
  /** The first channel that is taken. */
  readonly offset: number;
  /** Channels of Y. */
  readonly count: number;
}

const sliced = (p: SliceParams): number => p.rows * p.count;

const sliceBindings = {
  x: { access: 'read', type: 'f32', length: (p) => p.rows * p.channels },
  y: { access: 'write', type: 'f32', length: sliced },
} as const satisfies Record<string, Binding<SliceParams>>;

export const sliceChannels = defineKernel<SliceParams, keyof typeof sliceBindings>({
  name: 'channels/slice',
  bindings: sliceBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(sliced(p)),
      wgsl: (p) => `
${constants({ CHANNELS: p.channels, OFFSET: p.offset, COUNT: p.count, LENGTH: sliced(p), ROW: flatRow(sliced(p)) })}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= LENGTH) { return; }
  y[index] = y_t(f32(x[index / COUNT * CHANNELS + OFFSET + index % COUNT]));
}`,
    },
  },
  cost: (p) => ({ flops: 0, bytes: 2 * 4 * sliced(p) }),
  terms: () => 0,
  reference: (p, { x }) => {
    const y = new Float64Array(sliced(p));
    for (let row = 0; row < p.rows; row++) {
      const start = row * p.channels + p.offset;
      y.set(x.subarray(start, start + p.count), row * p.count);
    }
    return { y };
  },
  magnitudes(p, inputs) {
    return this.reference(p, inputs);
  },
  cases: [
    { rows: 1, channels: 1, offset: 0, count: 1 },
    { rows: 3, channels: 8, offset: 0, count: 7 },
    { rows: 3, channels: 8, offset: 7, count: 1 },
    { rows: 33, channels: 129, offset: 31, count: 65 },
    { rows: 16 * 28 * 28, channels: 49, offset: 16, count: 33 },
  ],
});
