/**
 * Concatenation along the last axis of arrays seen as (rows, channels), and its gradients, which are slices.
 *
 *   Y[r] = (A[r, 0 …], B[r, 0 …])        Y[r, j] = X[r, offset + j] for j < count
 *
 * More than two arrays are joined two at a time, so that each result is written whole by one dispatch. A thread an element
 * that is written. Timed by `pnpm anke bench kernels --filter channels`.
 */
import { type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { constants, flatGrid, flatRow } from '../runtime/wgsl.js';

export interface ConcatParams {
  readonly rows: number;
  readonly aChannels: number;
  readonly bChannels: number;
}

const outputs = (p: ConcatParams): number => p.rows * (p.aChannels + p.bChannels);

const concatBindings = {
  a: { access: 'read', type: 'f32', length: (p: ConcatParams) => p.rows * p.aChannels },
  b: { access: 'read', type: 'f32', length: (p: ConcatParams) => p.rows * p.bChannels },
  y: { access: 'write', type: 'f32', length: outputs },
} as const satisfies Record<string, Binding<ConcatParams>>;

export const concatChannels = defineKernel<ConcatParams, keyof typeof concatBindings>({
  name: 'channels/concat',
  bindings: concatBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(outputs(p)),
      wgsl: (p) => `
${constants({ A: p.aChannels, B: p.bChannels, OUTPUTS: outputs(p), ROW: flatRow(outputs(p)) })}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= OUTPUTS) { return; }
  let row = index / (A + B);
  let channel = index % (A + B);
  if (channel < A) {
    y[index] = y_t(f32(a[row * A + channel]));
  } else {
    y[index] = y_t(f32(b[row * B + channel - A]));
  }
}`,
    },
  },
  cost: (p) => ({ flops: 0, bytes: bindingBytes(concatBindings, p) }),
  terms: () => 0,
  reference: (p, { a, b }) => {
    const y = new Float64Array(outputs(p));
    const channels = p.aChannels + p.bChannels;
    for (let row = 0; row < p.rows; row++) {
      y.set(a.subarray(row * p.aChannels, (row + 1) * p.aChannels), row * channels);
      y.set(b.subarray(row * p.bChannels, (row + 1) * p.bChannels), row * channels + p.aChannels);
    }
    return { y };
  },
  cases: [
    { rows: 1, aChannels: 1, bChannels: 1 },
    { rows: 7, aChannels: 3, bChannels: 65 },
    { rows: 129, aChannels: 33, bChannels: 1 },
    { rows: 16 * 28 * 28, aChannels: 16, bChannels: 32 },
  ],
});

export interface SliceParams {
  readonly rows: number;
  /** Channels of what is sliced. */
  readonly channels: number;
  readonly offset: number;
  readonly count: number;
}

const sliceBindings = {
  x: { access: 'read', type: 'f32', length: (p: SliceParams) => p.rows * p.channels },
  y: { access: 'write', type: 'f32', length: (p: SliceParams) => p.rows * p.count },
} as const satisfies Record<string, Binding<SliceParams>>;

export const sliceChannels = defineKernel<SliceParams, keyof typeof sliceBindings>({
  name: 'channels/slice',
  bindings: sliceBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(p.rows * p.count),
      wgsl: (p) => `
${constants({ CHANNELS: p.channels, OFFSET: p.offset, COUNT: p.count, THREADS: p.rows * p.count })}
${constants({ ROW: flatRow(p.rows * p.count) })}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= THREADS) { return; }
  y[index] = y_t(f32(x[index / COUNT * CHANNELS + OFFSET + index % COUNT]));
}`,
    },
  },
  cost: (p) => ({ flops: 0, bytes: 8 * p.rows * p.count }),
  terms: () => 0,
  reference: (p, { x }) => ({
    y: new Float64Array(p.rows * p.count).map(
      (_, i) => x[Math.floor(i / p.count) * p.channels + p.offset + (i % p.count)] as number,
    ),
  }),
  cases: [
    { rows: 1, channels: 1, offset: 0, count: 1 },
    { rows: 7, channels: 68, offset: 3, count: 65 },
    { rows: 129, channels: 34, offset: 0, count: 33 },
    { rows: 16 * 28 * 28, channels: 48, offset: 16, count: 32 },
  ],
});
