/**
 * Cross-entropy from rows of targets, such as one-hot ones or probabilities, and its gradient, over logits seen as
 * (rows, classes). All float32.
 *
 *   loss = w · Σ_j t_j · (log Σ_k exp(z_k − m) + m − z_j)    dz_j = (p_j · Σ_k t_k − t_j) · w · share    m = max z
 *
 * with t_j = target_j · (1 − ε) + ε / classes where labels are smoothed, and w a factor of the row (1 if there
 * is none). The loss of a row with a logit that is not finite is NaN.
 *
 * A thread a row. Timed by `pnpm anke bench kernels --filter softmax/soft`.
 */
import { FINITE_WGSL } from '../finite/faults.js';
import { type Arrays, absolute, type Binding, bindingBytes, defineKernel, type Variant } from '../runtime/kernel.js';
import { constants, flatGrid, flatRow, opaque } from '../runtime/wgsl.js';
import {
  crossEntropy,
  crossEntropyGradient,
  crossEntropyGradientMagnitudes,
  crossEntropyMagnitudes,
  smoothed,
  type Targets,
} from './reference.js';
import { extraTerms, type RowLossParams, rowWeights, smoothingConstants, weightWgsl } from './row-loss.js';
import { type CrossEntropyBackwardParams, logits } from './softmax.js';

const elements = (p: RowLossParams): number => p.rows * p.classes;

const targets = {
  access: 'read',
  type: 'f32',
  length: elements,
  // Some of them are zero, as in one-hot rows; nothing forbids that some are negative.
  sample: (_, draw, i) => (i % 4 === 1 ? 0 : draw.uniform() - 0.25),
} as const satisfies Binding<RowLossParams>;

/** Sums over the classes, of powers and of losses, and what WGSL allows a power, a logarithm and a division. */
const terms = (p: RowLossParams): number => 2 * p.classes + 10 + extraTerms(p);

const cases: readonly RowLossParams[] = [
  { rows: 1, classes: 1 },
  { rows: 1, classes: 10, smoothing: 0.1 },
  { rows: 7, classes: 3, weighted: true },
  { rows: 65, classes: 33, smoothing: 0.3, weighted: true },
  { rows: 3, classes: 129 },
  { rows: 5, classes: 1001, smoothing: 0.05 },
  { rows: 1024, classes: 10 },
];

/** A thread a row: `shader` does its work, with `largest` and `total`, and the target of class j in `targetOf(j)`. */
const rowwise = <P extends RowLossParams>(
  constantsOf: (p: P) => Readonly<Record<string, { readonly f32: number }>>,
  shader: (p: P) => string,
): Record<'plain', Variant<P>> => ({
  plain: {
    available: () => true,
    grid: (p) => flatGrid(p.rows),
    wgsl: (p) => `
${constants({ ROWS: p.rows, CLASSES: p.classes, ROW: flatRow(p.rows), ...smoothingConstants(p), ...constantsOf(p) })}
${FINITE_WGSL}

fn targetOf(i: u32) -> f32 { return ${p.smoothing ? 'fma(targets[i], KEEP, SPREAD)' : 'targets[i]'}; }

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let row = thread.y * ROW + thread.x;
  if (row >= ROWS) { return; }
  let start = row * CLASSES;
  let end = start + ${opaque('CLASSES', 'logits')};
  var largest = logits[start];
  for (var i = start; i < end; i++) { largest = max(largest, logits[i]); }
  var total = 0.0;
  for (var i = start; i < end; i++) { total += exp(logits[i] - largest); }
${shader(p)}
}`,
  },
});

const forwardBindings = {
  logits,
  targets,
  rowWeights,
  losses: { access: 'write', type: 'f32', length: (p: RowLossParams) => p.rows },
} as const;

const targetsIn = (p: RowLossParams, { targets: given, rowWeights: weights }: Arrays<'targets' | 'rowWeights'>) =>
  ({
    values: smoothed(given, p.classes, p.smoothing),
    weights: p.weighted ? weights : undefined,
  }) satisfies Targets;

/** The loss of each row. */
export const softCrossEntropy = defineKernel<RowLossParams, keyof typeof forwardBindings>({
  name: 'softmax/soft-cross-entropy',
  bindings: forwardBindings,
  variants: rowwise(
    () => ({}),
    (p) => `
  var loss = 0.0;
  // The bits of a value that is not finite, if there is one; else 0.
  var broken = 0u;
  for (var i = start; i < end; i++) {
    loss += targetOf(i) * (log(total) + (largest - logits[i]));
    if (!isFinite(logits[i])) { broken = 0x7fc00000u; }
  }
  loss = loss${weightWgsl(p)};
  losses[row] = bitcast<f32>(select(bitcast<u32>(loss), broken, broken != 0u));`,
  ),
  cost: (p) => ({ flops: 8 * elements(p), bytes: bindingBytes(forwardBindings, p) }),
  terms,
  reference: (p, inputs) => ({ losses: crossEntropy(inputs.logits, targetsIn(p, inputs), p.classes) }),
  magnitudes: (p, inputs) => ({
    losses: crossEntropyMagnitudes(inputs.logits, targetsIn(p, absolute(inputs)), p.classes),
  }),
  cases,
});

const backwardBindings = {
  logits,
  targets,
  rowWeights,
  dLogits: { access: 'write', type: 'f32', length: elements },
} as const;

/** The gradient of Σ share · loss over the rows. */
export const softCrossEntropyBackward = defineKernel<CrossEntropyBackwardParams, keyof typeof backwardBindings>({
  name: 'softmax/soft-cross-entropy-backward',
  bindings: backwardBindings,
  variants: rowwise<CrossEntropyBackwardParams>(
    (p) => ({ SHARE: { f32: p.share } }),
    (p) => `
  var sum = 0.0;
  for (var i = start; i < end; i++) { sum += targetOf(i); }
  for (var i = start; i < end; i++) {
    let p = exp(logits[i] - largest) / total;
    dLogits[i] = (p * sum - targetOf(i)) * SHARE${weightWgsl(p)};
  }`,
  ),
  cost: (p) => ({ flops: 9 * elements(p), bytes: bindingBytes(backwardBindings, p) }),
  terms,
  reference: (p, inputs) => ({ dLogits: crossEntropyGradient(inputs.logits, targetsIn(p, inputs), p) }),
  magnitudes: (p, inputs) => ({
    dLogits: crossEntropyGradientMagnitudes(inputs.logits, targetsIn(p, absolute(inputs)), p),
  }),
  cases: cases.map((p) => ({ ...p, share: 1 / p.rows })),
});
