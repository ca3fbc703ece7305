/**
 * Softmax, cross-entropy from integer labels and their gradients, over rows of logits seen as (rows, classes). Float32.
 *
 *   p_j = exp(z_j − m) / Σ_k exp(z_k − m)   with m = max z, so that no logit overflows
 *   loss = log Σ_k exp(z_k − m) + m − z_label          dz_j = (p_j − [j = label]) · share · dLoss
 *   where `share` is each row's part in the batch's loss: 1 / rows for a mean
 *
 * A thread a row: classes are few. Timed by `pnpm anke bench kernels --filter softmax`.
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
import { crossEntropy, softmax as reference } from './reference.js';

export interface RowsParams {
  readonly rows: number;
  readonly classes: number;
}

const elements = (p: RowsParams): number => p.rows * p.classes;
const rows = (p: RowsParams): number => p.rows;
/** From a narrow range to ±1e4, row by row. */
export const sampleLogit: NonNullable<Binding<RowsParams>['sample']> = (p, draw, i) =>
  draw.normal() * ([1, 30, 1e4][Math.floor(i / p.classes) % 3] as number);
const logits: Binding<RowsParams> = { access: 'read', type: 'f32', length: elements, sample: sampleLogit };
const labels: Binding<RowsParams> = {
  access: 'read',
  type: 'u32',
  length: rows,
  sample: (p, draw) => draw.integer(p.classes),
};

const cases: readonly RowsParams[] = [
  { rows: 1, classes: 1 },
  { rows: 1, classes: 10 },
  { rows: 7, classes: 3 },
  { rows: 65, classes: 33 },
  { rows: 3, classes: 129 },
  { rows: 32, classes: 10 },
  { rows: 1024, classes: 10 },
];

const rowwise = <P extends RowsParams>(shader: (p: P) => string): Record<'plain', Variant<P>> => ({
  plain: {
    available: () => true,
    grid: (p) => flatGrid(p.rows),
    wgsl: (p) => `${constants({ ROWS: p.rows, CLASSES: p.classes, ROW: flatRow(p.rows) })}\n${shader(p)}`,
  },
});

const softmaxBindings = { logits, y: { access: 'write', type: 'f32', length: elements } } as const;

export const softmax = defineKernel<RowsParams, keyof typeof softmaxBindings>({
  name: 'softmax/forward',
  bindings: softmaxBindings,
  variants: rowwise(
    () => `
@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let row = thread.y * ROW + thread.x;
  if (row >= ROWS) { return; }
  let start = row * CLASSES;
  var largest = logits[start];
  for (var j = 1u; j < CLASSES; j++) { largest = max(largest, logits[start + j]); }
  var total = 0.0;
  for (var j = 0u; j < CLASSES; j++) { total += exp(logits[start + j] - largest); }
  for (var j = 0u; j < CLASSES; j++) { y[start + j] = exp(logits[start + j] - largest) / total; }
}`,
  ),
  cost: (p) => ({ flops: 5 * elements(p), bytes: bindingBytes(softmaxBindings, p) }),
  // WGSL allows exp(x) an error of 3 + 2·|x| units; |x| stays below 104 where the result is not zero.
  terms: (p) => p.classes + 2 * (3 + 2 * 104),
  reference: (p, inputs) => ({ y: reference(inputs.logits, p.classes) }),
  cases,
});

const softmaxBackwardBindings = {
  y: { access: 'read', type: 'f32', length: elements, sample: (_, draw) => draw.uniform() },
  dY: { access: 'read', type: 'f32', length: elements },
  dLogits: { access: 'write', type: 'f32', length: elements },
} as const satisfies Record<string, Binding<RowsParams>>;

/** dz_j = y_j · (dY_j − Σ_k dY_k · y_k), from softmax's own output y. */
export const softmaxBackward = defineKernel<RowsParams, keyof typeof softmaxBackwardBindings>({
  name: 'softmax/backward',
  bindings: softmaxBackwardBindings,
  variants: rowwise(
    () => `
@group(0) @binding(0) var<storage, read> y: array<f32>;
@group(0) @binding(1) var<storage, read> dY: array<f32>;
@group(0) @binding(2) var<storage, read_write> dLogits: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let row = thread.y * ROW + thread.x;
  if (row >= ROWS) { return; }
  let start = row * CLASSES;
  var product = 0.0;
  for (var j = start; j < start + CLASSES; j++) { product = fma(dY[j], y[j], product); }
  for (var j = start; j < start + CLASSES; j++) { dLogits[j] = y[j] * (dY[j] - product); }
}`,
  ),
  cost: (p) => ({ flops: 4 * elements(p), bytes: bindingBytes(softmaxBackwardBindings, p) }),
  terms: (p) => p.classes + 2,
  reference: (p, { y, dY }) => {
    const dLogits = new Float64Array(y.length);
    for (let start = 0; start < y.length; start += p.classes) {
      let product = 0;
      for (let j = start; j < start + p.classes; j++) product += (dY[j] as number) * (y[j] as number);
      for (let j = start; j < start + p.classes; j++) dLogits[j] = (y[j] as number) * ((dY[j] as number) - product);
    }
    return { dLogits };
  },
  cases,
});

const crossEntropyBindings = { logits, labels, losses: { access: 'write', type: 'f32', length: rows } } as const;

/** The loss of each row, from logits and integer labels. */
export const softmaxCrossEntropy = defineKernel<RowsParams, keyof typeof crossEntropyBindings>({
  name: 'softmax/cross-entropy',
  bindings: crossEntropyBindings,
  variants: rowwise(
    () => `
@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read_write> losses: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let row = thread.y * ROW + thread.x;
  if (row >= ROWS) { return; }
  let start = row * CLASSES;
  var largest = logits[start];
  for (var j = 1u; j < CLASSES; j++) { largest = max(largest, logits[start + j]); }
  var total = 0.0;
  for (var j = 0u; j < CLASSES; j++) { total += exp(logits[start + j] - largest); }
  losses[row] = log(total) + (largest - logits[start + labels[row]]);
}`,
  ),
  cost: (p) => ({ flops: 4 * elements(p), bytes: bindingBytes(crossEntropyBindings, p) }),
  terms: (p) => p.classes + 2 * (3 + 2 * 104),
  reference: (p, inputs) => ({ losses: crossEntropy(inputs.logits, inputs.labels, p.classes) }),
  cases,
});

const crossEntropyBackwardBindings = {
  logits,
  labels,
  /** The gradient of the batch's loss. */
  dLoss: { access: 'read', type: 'f32', length: () => 1 },
  dLogits: { access: 'write', type: 'f32', length: elements },
} as const;

export interface CrossEntropyBackwardParams extends RowsParams {
  readonly share: number;
}

/** The gradient of the logits. */
export const softmaxCrossEntropyBackward = defineKernel<
  CrossEntropyBackwardParams,
  keyof typeof crossEntropyBackwardBindings
>({
  name: 'softmax/cross-entropy-backward',
  bindings: crossEntropyBackwardBindings,
  variants: rowwise<CrossEntropyBackwardParams>(
    (p) => `
${constants({ SHARE: { f32: p.share } })}
@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read> dLoss: array<f32>;
@group(0) @binding(3) var<storage, read_write> dLogits: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let row = thread.y * ROW + thread.x;
  if (row >= ROWS) { return; }
  let start = row * CLASSES;
  var largest = logits[start];
  for (var j = 1u; j < CLASSES; j++) { largest = max(largest, logits[start + j]); }
  var total = 0.0;
  for (var j = 0u; j < CLASSES; j++) { total += exp(logits[start + j] - largest); }
  for (var j = 0u; j < CLASSES; j++) {
    let p = exp(logits[start + j] - largest) / total;
    dLogits[start + j] = (p - select(0.0, 1.0, j == labels[row])) * (SHARE * dLoss[0]);
  }
}`,
  ),
  cost: (p) => ({ flops: 7 * elements(p), bytes: bindingBytes(crossEntropyBackwardBindings, p) }),
  terms: (p) => p.classes + 2 * (3 + 2 * 104),
  reference: (p, inputs) => ({
    dLogits: reference(inputs.logits, p.classes).map((probability, i) => {
      const row = Math.floor(i / p.classes);
      const target = i % p.classes === inputs.labels[row] ? 1 : 0;
      return (probability - target) * p.share * (inputs.dLoss[0] as number);
    }),
  }),
  cases: cases.map((p) => ({ ...p, share: 1 / p.rows })),
});
