/**
 * Kernels that treat every element alike, a thread an element. All arrays have one length, and are float32; activations
 * may be stored as 16 bits. Their time is that of their memory traffic.
 * Timed by `pnpm anke bench kernels --filter elementwise`.
 */
import { type Mask, maskReference, maskWgsl, type Rectifier, rectifierWgsl, rectify } from '../epilogue/epilogue.js';
import { absolute, type Binding, bindingBytes, defineKernel, type Variant } from '../runtime/kernel.js';
import { constants, flatGrid, flatRow } from '../runtime/wgsl.js';

export interface ElementwiseParams {
  readonly length: number;
}

export interface ScaleParams extends ElementwiseParams {
  readonly factor: number;
}

export interface AffineParams extends ScaleParams {
  readonly offset: number;
}

export interface ReluParams extends ElementwiseParams {
  readonly rectifier: Rectifier;
}

export interface ReluBackwardParams extends ElementwiseParams {
  readonly mask: Mask;
}

const length = (p: ElementwiseParams): number => p.length;
const read: Binding<ElementwiseParams> = { access: 'read', type: 'f32', length };
const write: Binding<ElementwiseParams> = { access: 'write', type: 'f32', length };
const update: Binding<ElementwiseParams> = { access: 'update', type: 'f32', length };

const cases: readonly ElementwiseParams[] = [1, 3, 33, 64, 65, 129, 32 * 26 * 26 * 32, 65535 * 64 + 7].map((n) => ({
  length: n,
}));
const FACTORS = [0.5, -1 / 3, 1e-6, 0, 12345.678];

/** A thread an element: `shader` is the rest of the shader. */
const flat = <P extends ElementwiseParams>(shader: (p: P) => string): Record<'plain', Variant<P>> => ({
  plain: {
    available: () => true,
    grid: (p) => flatGrid(p.length),
    wgsl: (p) => `${constants({ LENGTH: p.length, ROW: flatRow(p.length) })}\n${shader(p)}`,
  },
});

const reluBindings = { x: read, y: write };

/** y = x > 0 ? min(x, cap) : slope · x */
export const relu = defineKernel<ReluParams, keyof typeof reluBindings>({
  name: 'elementwise/relu',
  bindings: reluBindings,
  variants: flat<ReluParams>(
    ({ rectifier }) => `${rectifierWgsl(rectifier)}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i >= LENGTH) { return; }
  y[i] = y_t(rectify(f32(x[i])));
}`,
  ),
  cost: (p) => ({ flops: p.length, bytes: bindingBytes(reluBindings, p) }),
  // The slope is rounded to float32, and so is the product.
  terms: (p) => (p.rectifier.slope === 0 ? 1 : 2),
  reference: ({ rectifier }, { x }) => ({ y: x.map((value) => rectify(value, rectifier)) }),
  magnitudes(p, inputs) {
    return this.reference(p, inputs);
  },
  cases: cases.map((p, i) => ({
    ...p,
    rectifier: [{ slope: 0 }, { slope: 0, cap: 1.5 }, { slope: 0.1 }, { slope: 0.3, cap: 0.75 }][i % 4] as Rectifier,
  })),
});

const reluBackwardBindings = { y: read, dY: read, dX: write };

/**
 * The gradient through a rectifier, and through the dropout behind it if there is one, told from the output y:
 * dX = keep · dY where 0 < y < keep · cap, slope · keep · dY where y is negative, else 0.
 */
export const reluBackward = defineKernel<ReluBackwardParams, keyof typeof reluBackwardBindings>({
  name: 'elementwise/relu-backward',
  bindings: reluBackwardBindings,
  variants: flat<ReluBackwardParams>(
    ({ mask }) => `${maskWgsl(mask, 'y')}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i >= LENGTH) { return; }
  dX[i] = masked(dY[i], f32(y[i]));
}`,
  ),
  cost: (p) => ({ flops: p.length, bytes: bindingBytes(reluBackwardBindings, p) }),
  terms: (p) => (p.mask.slope === 0 ? 2 : 4),
  reference: ({ mask }, { y, dY }) => ({ dX: maskReference(mask, dY, y) }),
  magnitudes(p, inputs) {
    return this.reference(p, inputs);
  },
  cases: cases.map((p, i) => ({
    ...p,
    mask: [
      { slope: 0, keep: 1 },
      { slope: 0, keep: 4 / 3 },
      { slope: 0, cap: 1.5, keep: 1 },
      { slope: 0.1, keep: 1 },
      { slope: 0.3, cap: 0.75, keep: 2 },
      { slope: 0.1, keep: 4 / 3 },
    ][i % 6] as Mask,
  })),
});

const addBindings = { a: read, b: read, sum: write };

/** sum = a + b */
export const add = defineKernel<ElementwiseParams, keyof typeof addBindings>({
  name: 'elementwise/add',
  bindings: addBindings,
  variants: flat(
    () => `
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i >= LENGTH) { return; }
  sum[i] = sum_t(f32(a[i]) + f32(b[i]));
}`,
  ),
  cost: (p) => ({ flops: p.length, bytes: bindingBytes(addBindings, p) }),
  terms: () => 1,
  reference: (_, { a, b }) => ({ sum: a.map((value, i) => value + (b[i] as number)) }),
  magnitudes(p, inputs) {
    return this.reference(p, absolute(inputs));
  },
  cases,
});

const accumulateBindings = { total: update, x: read };

/** total = total + x, in place. */
export const accumulate = defineKernel<ElementwiseParams, keyof typeof accumulateBindings>({
  name: 'elementwise/accumulate',
  bindings: accumulateBindings,
  variants: flat(
    () => `
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i >= LENGTH) { return; }
  total[i] = total[i] + x[i];
}`,
  ),
  cost: (p) => ({ flops: p.length, bytes: bindingBytes(accumulateBindings, p) }),
  terms: () => 1,
  reference: (_, { total, x }) => ({ total: total.map((value, i) => value + (x[i] as number)) }),
  magnitudes(p, inputs) {
    return this.reference(p, absolute(inputs));
  },
  cases,
});

const unaryBindings = { x: read, y: write };

/** y = factor · x */
export const scale = defineKernel<ScaleParams, keyof typeof unaryBindings>({
  name: 'elementwise/scale',
  bindings: unaryBindings,
  variants: flat<ScaleParams>(
    (p) => `${constants({ FACTOR: { f32: p.factor } })}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i >= LENGTH) { return; }
  y[i] = y_t(FACTOR * f32(x[i]));
}`,
  ),
  cost: (p) => ({ flops: p.length, bytes: bindingBytes(unaryBindings, p) }),
  // The factor is rounded to float32, and so is the product.
  terms: () => 2,
  reference: (p, { x }) => ({ y: x.map((value) => p.factor * value) }),
  magnitudes(p, inputs) {
    return this.reference(p, inputs);
  },
  cases: cases.map((p, i) => ({ ...p, factor: FACTORS[i % FACTORS.length] as number })),
});

/** y = factor · x + offset */
export const affine = defineKernel<AffineParams, keyof typeof unaryBindings>({
  name: 'elementwise/affine',
  bindings: unaryBindings,
  variants: flat<AffineParams>(
    (p) => `${constants({ FACTOR: { f32: p.factor }, OFFSET: { f32: p.offset } })}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i >= LENGTH) { return; }
  y[i] = y_t(fma(FACTOR, f32(x[i]), OFFSET));
}`,
  ),
  cost: (p) => ({ flops: 2 * p.length, bytes: bindingBytes(unaryBindings, p) }),
  // Both constants, the product and the sum are rounded.
  terms: () => 4,
  reference: (p, { x }) => ({ y: x.map((value) => p.factor * value + p.offset) }),
  magnitudes: (p, { x }) => ({ y: x.map((value) => Math.abs(p.factor * value) + Math.abs(p.offset)) }),
  cases: cases.map((p, i) => ({
    ...p,
    factor: FACTORS[i % FACTORS.length] as number,
    offset: [-1, 0.1, 0][i % 3] as number,
  })),
});
