/**
 * gather: takes a batch out of a data set that lies on the device as bytes, by row number, and rescales it to float32.
 *
 *   X[b, j] = pixels[row, j] · factor       Y[b] = labels[row]       row = order[place · stride + b]
 *
 * `order` holds the row numbers of an epoch; `place` is read from the device and counts the steps, so that a recorded
 * step takes the next batch each time. A word of `pixels` holds four bytes, the first in its lowest bits.
 * A thread a pixel. Timed by `pnpm anke bench kernels --filter gather`.
 */
import { type Binding, constants, defineKernel, flatGrid, flatRow } from '../runtime/kernel.js';

export interface GatherParams {
  readonly batch: number;
  /** Rows in the data set, and in `order`. */
  readonly rows: number;
  /** Bytes of one row. */
  readonly rowLength: number;
  /** Rows between the batches of successive steps. */
  readonly stride: number;
  readonly factor: number;
}

const PLACE = 1;
const outputs = (p: GatherParams): number => p.batch * p.rowLength;

const bindings = {
  pixels: {
    access: 'read',
    type: 'u32',
    length: (p: GatherParams) => Math.ceil((p.rows * p.rowLength) / 4),
    sample: (_, draw) => draw.integer(2 ** 32),
  },
  labels: { access: 'read', type: 'u32', length: (p: GatherParams) => p.rows, sample: (_, draw) => draw.integer(10) },
  order: {
    access: 'read',
    type: 'u32',
    length: (p: GatherParams) => p.rows,
    sample: (p, draw) => draw.integer(p.rows),
  },
  /** The step's number; then its place in the epoch. */
  counters: {
    access: 'read',
    type: 'u32',
    length: () => 2,
    sample: (p, draw) => draw.integer(Math.floor((p.rows - p.batch) / p.stride) + 1),
  },
  x: { access: 'write', type: 'f32', length: outputs },
  y: { access: 'write', type: 'u32', length: (p: GatherParams) => p.batch },
} as const satisfies Record<string, Binding<GatherParams>>;

export const gather = defineKernel<GatherParams, keyof typeof bindings>({
  name: 'gather',
  bindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(outputs(p)),
      wgsl: (p) => `
${constants({
  ROW_LENGTH: p.rowLength,
  STRIDE: p.stride,
  PIXELS: outputs(p),
  ROW: flatRow(outputs(p)),
  PLACE,
  FACTOR: { f32: p.factor },
  // What float32 leaves out of the factor: with it, the product is rounded once.
  FACTOR_REST: { f32: p.factor - Math.fround(p.factor) },
})}
@group(0) @binding(0) var<storage, read> pixels: array<u32>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read> order: array<u32>;
@group(0) @binding(3) var<storage, read> counters: array<u32>;
@group(0) @binding(4) var<storage, read_write> x: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i >= PIXELS) { return; }
  let b = i / ROW_LENGTH;
  let row = order[counters[PLACE] * STRIDE + b];
  let byte = row * ROW_LENGTH + i % ROW_LENGTH;
  let pixel = f32((pixels[byte / 4u] >> (byte % 4u * 8u)) & 0xffu);
  x[i] = fma(pixel, FACTOR, pixel * FACTOR_REST);
  if (i % ROW_LENGTH == 0u) { y[b] = labels[row]; }
}`,
    },
  },
  // It reads one batch of the data set, not all of it.
  cost: (p) => ({ flops: outputs(p), bytes: outputs(p) * 5 + p.batch * 12 }),
  terms: () => 2,
  reference: (p, { pixels, labels, order, counters }) => {
    const row = (b: number): number => order[(counters[PLACE] as number) * p.stride + b] as number;
    return {
      x: Float64Array.from({ length: outputs(p) }, (_, i) => {
        const byte = row(Math.floor(i / p.rowLength)) * p.rowLength + (i % p.rowLength);
        const word = pixels[Math.floor(byte / 4)] as number;
        return (Math.floor(word / 256 ** (byte % 4)) % 256) * p.factor;
      }),
      y: Float64Array.from({ length: p.batch }, (_, b) => labels[row(b)] as number),
    };
  },
  cases: [
    { batch: 1, rows: 1, rowLength: 1, stride: 1, factor: 1 },
    { batch: 3, rows: 10, rowLength: 7, stride: 3, factor: 1 / 255 },
    { batch: 7, rows: 33, rowLength: 65, stride: 8, factor: 1 / 255 },
    { batch: 33, rows: 129, rowLength: 9, stride: 33, factor: 0.5 },
    { batch: 32, rows: 100, rowLength: 784, stride: 32, factor: 1 / 255 },
  ],
});

export interface ScatterParams {
  readonly batch: number;
  /** Rows of the result. */
  readonly rows: number;
  readonly rowLength: number;
  readonly stride: number;
}

const scatterBindings = {
  x: { access: 'read', type: 'f32', length: (p: ScatterParams) => p.batch * p.rowLength },
  counters: {
    access: 'read',
    type: 'u32',
    length: () => 2,
    sample: (p, draw) => draw.integer(Math.floor((p.rows - p.batch) / p.stride) + 1),
  },
  result: { access: 'update', type: 'f32', length: (p: ScatterParams) => p.rows * p.rowLength },
} as const satisfies Record<string, Binding<ScatterParams>>;

/** Puts a step's rows where they belong in a longer result: result[place · stride + b] = X[b]. A thread an element. */
export const scatter = defineKernel<ScatterParams, keyof typeof scatterBindings>({
  name: 'gather/scatter',
  bindings: scatterBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(p.batch * p.rowLength),
      wgsl: (p) => `
${constants({ ROW_LENGTH: p.rowLength, STRIDE: p.stride, ELEMENTS: p.batch * p.rowLength, ROW: flatRow(p.batch * p.rowLength), PLACE })}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> counters: array<u32>;
@group(0) @binding(2) var<storage, read_write> result: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i >= ELEMENTS) { return; }
  result[counters[PLACE] * STRIDE * ROW_LENGTH + i] = x[i];
}`,
    },
  },
  cost: (p) => ({ flops: 0, bytes: p.batch * p.rowLength * 8 }),
  terms: () => 1,
  reference: (p, { x, counters, result }) => {
    const filled = result.slice();
    filled.set(x, (counters[PLACE] as number) * p.stride * p.rowLength);
    return { result: filled };
  },
  cases: [
    { batch: 1, rows: 1, rowLength: 1, stride: 1 },
    { batch: 3, rows: 11, rowLength: 7, stride: 4 },
    { batch: 33, rows: 129, rowLength: 10, stride: 33 },
  ],
});
