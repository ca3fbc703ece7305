/**
 * gather: takes a batch out of a data set that lies on the device as bytes or as float32 numbers, by row number, and
 * rescales it to float32.
 *
 *   X[b, j] = pixels[row, j] · factor + offset       Y[b] = labels[row]       row = order[index · stride + b]
 *
 * `order` holds the row numbers of an epoch; `index` counts the steps of the epoch on the device (`counters`), so that
 * a recorded step takes the next batch each time. A word of `pixels` holds four bytes, the first in its lowest bits, or
 * the bits of a number. A thread a pixel. Timed by `pnpm anke bench kernels --filter gather`.
 */
import { type Binding, defineKernel } from '../runtime/kernel.js';
import { constants, flatGrid, flatRow } from '../runtime/wgsl.js';

export interface GatherParams {
  readonly batch: number;
  /** Rows in the data set, and in `order`. */
  readonly rows: number;
  /** Pixels of one row. */
  readonly rowLength: number;
  /** Whether pixels are float32 numbers; bytes, if absent. */
  readonly floats?: boolean;
  /** Rows between the batches of successive steps. */
  readonly stride: number;
  /** X = pixel · factor + offset */
  readonly factor: number;
  readonly offset: number;
}

const bitsOf = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0] as number;

/** A pixel of the data set, for references. */
export function pixelAt(words: Float64Array, index: number, { floats }: Pick<GatherParams, 'floats'>): number {
  if (floats) return new Float32Array(Uint32Array.of(words[index] as number).buffer)[0] as number;
  return Math.floor((words[Math.floor(index / 4)] as number) / 256 ** (index % 4)) % 256;
}

/** WGSL of a pixel of the data set. */
export const pixelWgsl = (index: string, { floats }: Pick<GatherParams, 'floats'>): string =>
  floats ? `bitcast<f32>(pixels[${index}])` : `f32((pixels[${index} / 4u] >> (${index} % 4u * 8u)) & 0xffu)`;

/** Where `counters` holds the step's index in the epoch. */
const INDEX = 1;
const outputs = (p: GatherParams): number => p.batch * p.rowLength;

/** The step's number; its index in the epoch, such that the batch lies within the rows; the seed. */
const counters = {
  access: 'read',
  type: 'u32',
  length: () => 3,
  sample: (p, draw, i) =>
    draw.integer(i === INDEX ? Math.floor((p.rows - p.batch) / p.stride) + 1 : i === 2 ? 2 ** 32 : 1000),
} as const satisfies Binding<GatherParams>;

const bindings = {
  pixels: {
    access: 'read',
    type: 'u32',
    length: (p: GatherParams) => Math.ceil((p.rows * p.rowLength) / (p.floats ? 1 : 4)),
    sample: (p, draw) => (p.floats ? bitsOf(draw.normal()) : draw.integer(2 ** 32)),
  },
  labels: { access: 'read', type: 'u32', length: (p: GatherParams) => p.rows, sample: (_, draw) => draw.integer(1000) },
  order: {
    access: 'read',
    type: 'u32',
    length: (p: GatherParams) => p.rows,
    sample: (p, draw) => draw.integer(p.rows),
  },
  counters,
  x: { access: 'write', type: 'f32', length: outputs },
  y: { access: 'write', type: 'u32', length: (p: GatherParams) => p.batch },
} as const satisfies Record<string, Binding<GatherParams>>;

/** Constants of {@link rescaledWgsl}. FACTOR_REST is what float32 leaves out of the factor. */
export const rescalingConstants = ({ factor, offset }: Pick<GatherParams, 'factor' | 'offset'>) => ({
  FACTOR: { f32: factor },
  FACTOR_REST: { f32: factor - Math.fround(factor) },
  ...(offset === 0 ? {} : { OFFSET: { f32: offset } }),
});

/**
 * WGSL of pixel · factor + offset. FACTOR_REST makes up for the factor's rounding. The product itself is rounded once
 * on a device that fuses multiplication and addition, twice on one that does not: so its last bit may differ between
 * them.
 */
export const rescaledWgsl = (pixel: string, { offset }: Pick<GatherParams, 'offset'>): string =>
  `fma(${pixel}, FACTOR, ${pixel} * FACTOR_REST)${offset === 0 ? '' : ' + OFFSET'}`;

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
  INDEX,
  ...rescalingConstants(p),
})}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i >= PIXELS) { return; }
  let b = i / ROW_LENGTH;
  let row = order[counters[INDEX] * STRIDE + b];
  let place = row * ROW_LENGTH + i % ROW_LENGTH;
  let pixel = ${pixelWgsl('place', p)};
  x[i] = ${rescaledWgsl('pixel', p)};
  if (i % ROW_LENGTH == 0u) { y[b] = labels[row]; }
}`,
    },
  },
  // It reads one batch of the data set, not all of it.
  cost: (p) => ({ flops: outputs(p), bytes: outputs(p) * (p.floats ? 8 : 5) + p.batch * 12 }),
  // The product's two roundings where it is not fused; the offset's own, and the sum's.
  terms: (p) => (p.offset === 0 ? 2 : 4),
  reference: (p, { pixels, labels, order, counters }) => {
    const row = (b: number): number => order[(counters[INDEX] as number) * p.stride + b] as number;
    return {
      x: Float64Array.from({ length: outputs(p) }, (_, i) => {
        const from = row(Math.floor(i / p.rowLength)) * p.rowLength + (i % p.rowLength);
        return pixelAt(pixels, from, p) * p.factor + p.offset;
      }),
      y: Float64Array.from({ length: p.batch }, (_, b) => labels[row(b)] as number),
    };
  },
  magnitudes(p, inputs) {
    // A number's highest bit is its sign.
    const pixels = p.floats ? inputs.pixels.map((bits) => bits % 2 ** 31) : inputs.pixels;
    const positive = { ...p, factor: Math.abs(p.factor), offset: Math.abs(p.offset) };
    return this.reference(positive, { ...inputs, pixels });
  },
  cases: [
    { batch: 1, rows: 1, rowLength: 1, stride: 1, factor: 1, offset: 0 },
    { batch: 3, rows: 10, rowLength: 7, stride: 3, factor: 1 / 255, offset: 0 },
    { batch: 7, rows: 33, rowLength: 65, stride: 8, factor: 1 / 127.5, offset: -1 },
    { batch: 33, rows: 129, rowLength: 9, stride: 33, factor: 0.5, offset: 0.1 },
    { batch: 32, rows: 100, rowLength: 784, stride: 32, factor: 1 / 255, offset: 0 },
    { batch: 1, rows: 1, rowLength: 1, stride: 1, factor: 1, offset: 0, floats: true },
    { batch: 7, rows: 33, rowLength: 65, stride: 8, factor: -0.3, offset: 0.1, floats: true },
    { batch: 32, rows: 100, rowLength: 784, stride: 32, factor: 1, offset: 0, floats: true },
  ],
});
