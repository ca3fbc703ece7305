/**
 * Kernels that treat every element alike, a thread an element. Timed by `pnpm anke bench kernels --filter elementwise`.
 * All arrays are float32 of one length; what they cost is their memory traffic.
 */
import {
  type Binding,
  bindingBytes,
  constants,
  defineKernel,
  flatGrid,
  flatRow,
  type Variant,
} from '../runtime/kernel.js';

export interface ElementwiseParams {
  readonly length: number;
}

export interface ScaleParams extends ElementwiseParams {
  readonly factor: number;
}

const length = (p: ElementwiseParams): number => p.length;
const read: Binding<ElementwiseParams> = { access: 'read', type: 'f32', length };
const write: Binding<ElementwiseParams> = { access: 'write', type: 'f32', length };
const update: Binding<ElementwiseParams> = { access: 'update', type: 'f32', length };

const cases: readonly ElementwiseParams[] = [1, 3, 33, 64, 65, 129, 32 * 26 * 26 * 32, 65535 * 64 + 7].map((n) => ({
  length: n,
}));

/** A thread an element: `body` is the rest of the shader. */
const flat = <P extends ElementwiseParams>(shader: (p: P) => string): Record<'plain', Variant<P>> => ({
  plain: { available: () => true, grid: (p) => flatGrid(p.length), wgsl: shader },
});

const sizes = (p: ElementwiseParams): string => constants({ LENGTH: p.length, ROW: flatRow(p.length) });

const reluBindings = { x: read, y: write };

/** y = max(x, 0) */
export const relu = defineKernel<ElementwiseParams, keyof typeof reluBindings>({
  name: 'elementwise/relu',
  bindings: reluBindings,
  variants: flat(
    (p) => `
${sizes(p)}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i >= LENGTH) { return; }
  y[i] = max(x[i], 0.0);
}`,
  ),
  cost: (p) => ({ flops: p.length, bytes: bindingBytes(reluBindings, p) }),
  terms: () => 1,
  reference: (_, { x }) => ({ y: x.map((value) => Math.max(value, 0)) }),
  cases,
});

const reluBackwardBindings = { y: read, dY: read, dX: write };

/** dX = factor · dY where the output y of relu is positive, else 0. A factor other than 1 undoes a dropout behind the relu. */
export const reluBackward = defineKernel<ScaleParams, keyof typeof reluBackwardBindings>({
  name: 'elementwise/relu-backward',
  bindings: reluBackwardBindings,
  variants: flat<ScaleParams>(
    (p) => `
${sizes(p)}
${constants({ FACTOR: { f32: p.factor } })}
@group(0) @binding(0) var<storage, read> y: array<f32>;
@group(0) @binding(1) var<storage, read> dY: array<f32>;
@group(0) @binding(2) var<storage, read_write> dX: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i >= LENGTH) { return; }
  dX[i] = select(0.0, FACTOR * dY[i], y[i] > 0.0);
}`,
  ),
  cost: (p) => ({ flops: p.length, bytes: bindingBytes(reluBackwardBindings, p) }),
  terms: () => 2,
  reference: (p, { y, dY }) => ({ dX: dY.map((value, i) => ((y[i] as number) > 0 ? p.factor * value : 0)) }),
  cases: cases.map((p, i) => ({ ...p, factor: i % 2 === 0 ? 1 : 4 / 3 })),
});

const addBindings = { a: read, b: read, sum: write };

/** sum = a + b */
export const add = defineKernel<ElementwiseParams, keyof typeof addBindings>({
  name: 'elementwise/add',
  bindings: addBindings,
  variants: flat(
    (p) => `
${sizes(p)}
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> sum: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i >= LENGTH) { return; }
  sum[i] = a[i] + b[i];
}`,
  ),
  cost: (p) => ({ flops: p.length, bytes: bindingBytes(addBindings, p) }),
  terms: () => 1,
  reference: (_, { a, b }) => ({ sum: a.map((value, i) => value + (b[i] as number)) }),
  cases,
});

const accumulateBindings = { total: update, x: read };

/** total = total + x, in place. */
export const accumulate = defineKernel<ElementwiseParams, keyof typeof accumulateBindings>({
  name: 'elementwise/accumulate',
  bindings: accumulateBindings,
  variants: flat(
    (p) => `
${sizes(p)}
@group(0) @binding(0) var<storage, read_write> total: array<f32>;
@group(0) @binding(1) var<storage, read> x: array<f32>;

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
  cases,
});

const scaleBindings = { x: read, y: write };

/** y = factor · x */
export const scale = defineKernel<ScaleParams, keyof typeof scaleBindings>({
  name: 'elementwise/scale',
  bindings: scaleBindings,
  variants: flat<ScaleParams>(
    (p) => `
${sizes(p)}
${constants({ FACTOR: { f32: p.factor } })}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i >= LENGTH) { return; }
  y[i] = FACTOR * x[i];
}`,
  ),
  cost: (p) => ({ flops: p.length, bytes: bindingBytes(scaleBindings, p) }),
  // The factor is rounded to float32, and so is the product.
  terms: () => 2,
  reference: (p, { x }) => ({ y: x.map((value) => p.factor * value) }),
  cases: cases.map((p, i) => ({ ...p, factor: [0.5, -1 / 3, 1e-6, 0, 12345.678][i % 5] as number })),
});
