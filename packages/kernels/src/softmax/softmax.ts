/**
 * Softmax, cross-entropy from integer labels and their gradients, over rows of logits seen as (rows, classes). Float32;
 * the logits and probabilities of a softmax layer may be stored as 16 bits.
 *
 *   p_j = exp(z_j − m) / Σ_k exp(z_k − m)   with m = max z, so that no logit overflows
 *   loss = log Σ_k exp(z_k − m) + m − z_label          dz_j = (p_j − [j = label]) · share
 *   where `share` is each row's part in the batch's loss: 1 / rows for a mean. Smoothed labels: `row-loss.ts`
 *
 * A thread a row. The loops over classes stay loops: unrolled, they take longer to compile than to run.
 * Timed by `pnpm anke bench kernels --filter softmax`.
 */
import { FINITE_WGSL } from '../finite/faults.js';
import { absolute, type Binding, bindingBytes, defineKernel, type Variant } from '../runtime/kernel.js';
import { constants, flatGrid, flatRow, opaque } from '../runtime/wgsl.js';
import {
  crossEntropy,
  crossEntropyGradient,
  crossEntropyGradientMagnitudes,
  crossEntropyMagnitudes,
  softmax as reference,
  softmaxMagnitudes,
} from './reference.js';
import {
  distanceWgsl,
  extraTerms,
  type RowLossParams,
  type RowsParams,
  rowLossWgsl,
  rowWeights,
  smoothingConstants,
  targetsOf,
  targetWgsl,
  weightWgsl,
} from './row-loss.js';

const elements = (p: RowsParams): number => p.rows * p.classes;
const rows = (p: RowsParams): number => p.rows;
export const logits = {
  access: 'read',
  type: 'f32',
  length: elements,
  /** From a narrow range to ±1e4, row by row. */
  sample: (p, draw, i) => draw.normal() * ([1, 30, 1e4][Math.floor(i / p.classes) % 3] as number),
} as const satisfies Binding<RowsParams>;
export const labels = {
  access: 'read',
  type: 'u32',
  length: rows,
  sample: (p, draw) => draw.integer(p.classes),
} as const satisfies Binding<RowsParams>;

const cases: readonly RowsParams[] = [
  { rows: 1, classes: 1 },
  { rows: 1, classes: 10 },
  { rows: 7, classes: 3 },
  { rows: 65, classes: 33 },
  { rows: 3, classes: 129 },
  { rows: 5, classes: 1001 },
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

/** The sum, and a power, a logarithm and a division, which WGSL allows 3, 4 and 2.5 units in the last place. */
const exponentialTerms = (p: RowsParams): number => p.classes + 10;

const softmaxBindings = { logits, y: { access: 'write', type: 'f32', length: elements } } as const;

/** A row with a logit that is not finite becomes NaN, all of it. */
export const softmax = defineKernel<RowsParams, keyof typeof softmaxBindings>({
  name: 'softmax/forward',
  bindings: softmaxBindings,
  variants: rowwise(
    () => `${FINITE_WGSL}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let row = thread.y * ROW + thread.x;
  if (row >= ROWS) { return; }
  let start = row * CLASSES;
  let end = ${opaque('CLASSES', 'logits')};
  var largest = f32(logits[start]);
  // The bits of a value that is not finite, if there is one; else 0.
  var broken = 0u;
  for (var j = 0u; j < end; j++) {
    let logit = f32(logits[start + j]);
    largest = max(largest, logit);
    if (!isFinite(logit)) { broken = 0x7fc00000u; }
  }
  var total = 0.0;
  for (var j = 0u; j < end; j++) { total += exp(f32(logits[start + j]) - largest); }
  for (var j = 0u; j < end; j++) {
    let p = exp(f32(logits[start + j]) - largest) / total;
    y[start + j] = y_t(bitcast<f32>(select(bitcast<u32>(p), broken, broken != 0u)));
  }
}`,
  ),
  cost: (p) => ({ flops: 5 * elements(p), bytes: bindingBytes(softmaxBindings, p) }),
  terms: exponentialTerms,
  reference: (p, inputs) => ({ y: reference(inputs.logits, p.classes) }),
  magnitudes: (p, inputs) => ({ y: softmaxMagnitudes(inputs.logits, p.classes).probabilities }),
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
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let row = thread.y * ROW + thread.x;
  if (row >= ROWS) { return; }
  let start = row * CLASSES;
  var product = 0.0;
  let end = start + ${opaque('CLASSES', 'y')};
  for (var j = start; j < end; j++) { product = fma(dY[j], f32(y[j]), product); }
  for (var j = start; j < end; j++) { dLogits[j] = f32(y[j]) * (dY[j] - product); }
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
  magnitudes(p, inputs) {
    const { y, dY } = absolute(inputs);
    // y · (dY − product) is a difference here too; its terms are what is missing to twice the first of them.
    const { dLogits } = this.reference(p, absolute(inputs));
    return { dLogits: y.map((value, i) => 2 * value * (dY[i] as number) - (dLogits?.[i] as number)) };
  },
  cases,
});

const crossEntropyBindings = {
  logits,
  labels,
  rowWeights,
  losses: { access: 'write', type: 'f32', length: rows },
} as const;

/** Roundings on the way to a row's loss, or its gradient. */
const rowLossTerms = (p: RowLossParams): number => exponentialTerms(p) + extraTerms(p);

/** With smoothing, with weights, with both. */
const rowLossCases: readonly RowLossParams[] = [
  ...cases,
  { rows: 1, classes: 1, smoothing: 0.1 },
  { rows: 7, classes: 3, weighted: true },
  { rows: 65, classes: 33, smoothing: 0.3, weighted: true },
  { rows: 5, classes: 1001, smoothing: 0.05 },
];

/** The loss of each row, from logits and integer labels. */
export const softmaxCrossEntropy = defineKernel<RowLossParams, keyof typeof crossEntropyBindings>({
  name: 'softmax/cross-entropy',
  bindings: crossEntropyBindings,
  variants: rowwise(
    (p) => `${constants(smoothingConstants(p))}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let row = thread.y * ROW + thread.x;
  if (row >= ROWS) { return; }
  let start = row * CLASSES;
  let end = ${opaque('CLASSES', 'logits')};
  let label = labels[row];
  var largest = logits[start];
  for (var j = 1u; j < end; j++) { largest = max(largest, logits[start + j]); }
  var total = 0.0;
  ${distanceWgsl(p)?.declare ?? ''}
  for (var j = 0u; j < end; j++) {
    total += exp(logits[start + j] - largest);
    ${distanceWgsl(p)?.add ?? ''}
  }
  losses[row] = ${rowLossWgsl(p)};
}`,
  ),
  cost: (p) => ({ flops: 4 * elements(p), bytes: bindingBytes(crossEntropyBindings, p) }),
  terms: rowLossTerms,
  reference: (p, inputs) => ({ losses: crossEntropy(inputs.logits, targetsOf(p, inputs), p.classes) }),
  magnitudes: (p, inputs) => ({ losses: crossEntropyMagnitudes(inputs.logits, targetsOf(p, inputs), p.classes) }),
  cases: rowLossCases,
});

const crossEntropyBackwardBindings = {
  logits,
  labels,
  rowWeights,
  dLogits: { access: 'write', type: 'f32', length: elements },
} as const;

export interface CrossEntropyBackwardParams extends RowLossParams {
  /** Each row's part in the batch's loss: 1 / rows for a mean. */
  readonly share: number;
}

/** The gradient of Σ share · loss over the rows: that of a loss which is the last thing that a step computes. */
export const softmaxCrossEntropyBackward = defineKernel<
  CrossEntropyBackwardParams,
  keyof typeof crossEntropyBackwardBindings
>({
  name: 'softmax/cross-entropy-backward',
  bindings: crossEntropyBackwardBindings,
  variants: rowwise<CrossEntropyBackwardParams>(
    (p) => `
${constants({ SHARE: { f32: p.share }, ...smoothingConstants(p) })}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let row = thread.y * ROW + thread.x;
  if (row >= ROWS) { return; }
  let start = row * CLASSES;
  let end = ${opaque('CLASSES', 'logits')};
  let label = labels[row];
  var largest = logits[start];
  for (var j = 1u; j < end; j++) { largest = max(largest, logits[start + j]); }
  var total = 0.0;
  for (var j = 0u; j < end; j++) { total += exp(logits[start + j] - largest); }
  for (var j = 0u; j < end; j++) {
    let p = exp(logits[start + j] - largest) / total;
    dLogits[start + j] = (p - ${targetWgsl(p)}) * SHARE${weightWgsl(p)};
  }
}`,
  ),
  cost: (p) => ({ flops: 7 * elements(p), bytes: bindingBytes(crossEntropyBackwardBindings, p) }),
  terms: rowLossTerms,
  reference: (p, inputs) => ({ dLogits: crossEntropyGradient(inputs.logits, targetsOf(p, inputs), p) }),
  magnitudes: (p, inputs) => ({ dLogits: crossEntropyGradientMagnitudes(inputs.logits, targetsOf(p, inputs), p) }),
  cases: rowLossCases.map((p) => ({ ...p, share: 1 / p.rows })),
});
