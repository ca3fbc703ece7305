/**
 * Takes the channels in reverse order, times a factor, plus a number for each: RGB images as BGR ones with their means
 * subtracted. With zeros as the numbers, it is its own gradient.
 *
 *   Y[r, c] = factor · X[r, C − 1 − c] + offsets[c]
 *
 * X and Y (rows, C), float32 or float16. A thread an element that is written.
 * Timed by `pnpm anke bench kernels --filter channels/reverse`.
 */
import { type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { constantArray, constants, flatGrid, flatRow } from '../runtime/wgsl.js';

export interface ReverseParams {
  readonly rows: number;
  readonly factor: number;
  /** One for each channel. */
  readonly offsets: readonly number[];
}

const length = (p: ReverseParams): number => p.rows * p.offsets.length;

const bindings = {
  x: { access: 'read', type: 'f32', length },
  y: { access: 'write', type: 'f32', length },
} as const satisfies Record<string, Binding<ReverseParams>>;

const reversed = (p: ReverseParams, x: Float64Array, of: (value: number, channel: number) => number): Float64Array => {
  const channels = p.offsets.length;
  return x.map((_, i) => {
    const c = i % channels;
    return of(x[i - c + channels - 1 - c] as number, c);
  });
};

export const reverseChannels = defineKernel<ReverseParams, keyof typeof bindings>({
  name: 'channels/reverse',
  bindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(length(p)),
      wgsl: (p) => `
${constants({
  CHANNELS: p.offsets.length,
  FACTOR: { f32: p.factor },
  LENGTH: length(p),
  ROW: flatRow(length(p)),
})}
${constantArray('OFFSETS', 'f32', p.offsets)}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= LENGTH) { return; }
  var offsets = OFFSETS;
  let c = index % CHANNELS;
  y[index] = y_t(fma(FACTOR, f32(x[index - c + CHANNELS - 1u - c]), offsets[c]));
}`,
    },
  },
  cost: (p) => ({ flops: 2 * length(p), bytes: bindingBytes(bindings, p) }),
  // Both constants, the product and the sum are rounded.
  terms: () => 4,
  reference: (p, { x }) => ({ y: reversed(p, x, (value, c) => p.factor * value + (p.offsets[c] as number)) }),
  magnitudes: (p, { x }) => ({
    y: reversed(p, x, (value, c) => Math.abs(p.factor * value) + Math.abs(p.offsets[c] as number)),
  }),
  cases: [
    { rows: 1, factor: 1, offsets: [0] },
    { rows: 33, factor: -0.3, offsets: [0, 1.7] },
    { rows: 43, factor: 255, offsets: [-103.939, -116.779, -123.68] },
    { rows: 16 * 28 * 28, factor: 1, offsets: [0, 0, 0] },
  ],
});
