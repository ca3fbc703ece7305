/**
 * Y[o, l, i] = A[o, l, i] · B[o, i]: a product of arrays of one shape where `length` is 1; else B is repeated along the
 * axes that A has more, as when a factor for each channel scales a whole image. A, B and Y are float32 or float16. A
 * thread an element. Timed by `pnpm anke bench kernels --filter elementwise/multiply`.
 */
import { absolute, type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { constants, flatGrid, flatRow } from '../runtime/wgsl.js';

export interface MultiplyParams {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

const size = (p: MultiplyParams): number => p.outer * p.length * p.inner;

const bindings = {
  a: { access: 'read', type: 'f32', length: size },
  b: { access: 'read', type: 'f32', length: (p) => p.outer * p.inner },
  y: { access: 'write', type: 'f32', length: size },
} as const satisfies Record<string, Binding<MultiplyParams>>;

export const multiply = defineKernel<MultiplyParams, keyof typeof bindings>({
  name: 'elementwise/multiply',
  bindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(size(p)),
      wgsl: (p) => `
${constants({ LENGTH: p.length, INNER: p.inner, SIZE: size(p), ROW: flatRow(size(p)) })}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i >= SIZE) { return; }
  y[i] = y_t(f32(a[i]) * f32(b[i / (LENGTH * INNER) * INNER + i % INNER]));
}`,
    },
  },
  cost: (p) => ({ flops: size(p), bytes: bindingBytes(bindings, p) }),
  terms: () => 1,
  reference: (p, { a, b }) => ({
    y: a.map((value, i) => value * (b[Math.floor(i / (p.length * p.inner)) * p.inner + (i % p.inner)] as number)),
  }),
  magnitudes(p, inputs) {
    return this.reference(p, absolute(inputs));
  },
  cases: [
    { outer: 1, length: 1, inner: 1 },
    { outer: 1, length: 1, inner: 129 },
    { outer: 3, length: 1, inner: 33 },
    // A factor a channel, a factor a pixel, a factor an image.
    { outer: 3, length: 7 * 5, inner: 13 },
    { outer: 65, length: 3, inner: 1 },
    { outer: 2, length: 129, inner: 1 },
    { outer: 1, length: 65537, inner: 64 },
    { outer: 32, length: 28 * 28, inner: 64 },
  ],
});
