/**
 * Losses that compare each output with a target of its own, and their gradients, over (rows, outputs) arrays of
 * float32. The loss of a row is the mean over its outputs, times w, a factor of the row (1 if there are none):
 *
 *   losses = w · Σ_j l(z_j, t_j) / outputs              dz_j = l'(z_j, t_j) · w · share
 *
 *   binary cross-entropy, from logits:   l = max(z, 0) − z · t + log(1 + exp(−|z|))     l' = 1 / (1 + exp(−z)) − t
 *                                        with t = target · (1 − ε) + ε / 2 where labels are smoothed
 *   squared error:                       l = (z − t)²                                   l' = 2 · (z − t)
 *   absolute error, which has no gradient here:   l = |z − t|
 *
 * where `share` is each element's part in the batch's loss: 1 / (rows · outputs) for a mean. The loss of a row with an
 * output that is not finite is NaN. The formula of logits is the one of TensorFlow's
 * sigmoid_cross_entropy_with_logits: exp never overflows.
 *
 * Variants, timed by `pnpm anke bench kernels --filter loss/`:
 * - `tree`: a workgroup a row, its threads' sums joined pairwise. For many outputs.
 * - `plain`: a thread a row.
 * The gradient has a thread an element.
 */
import { FINITE_WGSL } from '../finite/faults.js';
import { type Arrays, type Binding, bindingBytes, defineKernel, type Kernel, type Variant } from '../runtime/kernel.js';
import { constants, flatGrid, flatRow, opaque } from '../runtime/wgsl.js';
import { rowWeights } from '../softmax/row-loss.js';

export interface OutputsParams {
  readonly rows: number;
  /** Numbers in a row. */
  readonly outputs: number;
  /** Whether each row has a factor of its own in the loss. */
  readonly weighted?: boolean | undefined;
}

export interface BinaryParams extends OutputsParams {
  /** ε: the share of each target that becomes 1/2; none if absent. */
  readonly smoothing?: number | undefined;
}

/** The same with the part that each element has in the batch's loss. */
export type WithShare<P> = P & { readonly share: number };

/** What distinguishes one loss from another. */
interface Formula<P extends OutputsParams> {
  readonly name: string;
  /** WGSL of `lossOf(z: f32, t: f32) -> f32`. */
  readonly lossWgsl: string;
  /** Roundings of one element's loss or gradient. */
  readonly terms: number;
  /** KEEP and ADD, by which a target is changed before it is compared, if these parameters ask for it. */
  target?(p: P): { readonly keep: number; readonly add: number } | undefined;
  loss(z: number, t: number): number;
  /** The sum of the absolute values of its terms. */
  lossMagnitude(z: number, t: number): number;
  readonly cases: readonly P[];
}

/** A loss with a gradient. */
interface Differentiable<P extends OutputsParams> extends Formula<P> {
  /** WGSL of `slopeOf(z: f32, t: f32) -> f32`, the derivative by z. */
  readonly slopeWgsl: string;
  slope(z: number, t: number): number;
  slopeMagnitude(z: number, t: number): number;
}

const elements = (p: OutputsParams): number => p.rows * p.outputs;

const inputs = {
  outputs: { access: 'read', type: 'f32', length: elements, sample: (_, draw) => 5 * draw.normal() },
  targets: { access: 'read', type: 'f32', length: elements, sample: (_, draw) => draw.uniform() },
  rowWeights,
} as const satisfies Record<string, Binding<OutputsParams>>;

const forwardBindings = {
  ...inputs,
  losses: { access: 'write', type: 'f32', length: (p: OutputsParams) => p.rows },
} as const satisfies Record<string, Binding<OutputsParams>>;

const backwardBindings = {
  ...inputs,
  dOutputs: { access: 'write', type: 'f32', length: elements },
} as const satisfies Record<string, Binding<OutputsParams>>;

const THREADS = 64;

/** WGSL of `targetOf(i: u32) -> f32`, with its constants. */
function targetWgsl<P extends OutputsParams>(formula: Formula<P>, p: P): string {
  const change = formula.target?.(p);
  if (!change) return 'fn targetOf(i: u32) -> f32 { return targets[i]; }';
  return `${constants({ KEEP: { f32: change.keep }, ADD: { f32: change.add } })}
fn targetOf(i: u32) -> f32 { return fma(targets[i], KEEP, ADD); }`;
}

/** Adds an element of the row to `sum`, and notes in `broken` the bits of one that is not finite. */
const ADD_ELEMENT = `sum += lossOf(outputs[i], targetOf(i));
    if (!isFinite(outputs[i])) { broken = 0x7fc00000u; }`;
const weightWgsl = ({ weighted }: OutputsParams): string => (weighted ? ' * rowWeights[row]' : '');

function forwardVariants<P extends OutputsParams>(formula: Formula<P>): Record<'tree' | 'plain', Variant<P>> {
  const head = (p: P, row: number): string => `
${constants({ ROWS: p.rows, OUTPUTS: p.outputs, ROW: row, SHARE: { f32: 1 / p.outputs } })}
${FINITE_WGSL}
${formula.lossWgsl}
${targetWgsl(formula, p)}`;
  return {
    tree: {
      available: () => true,
      suits: (p) => p.outputs >= THREADS,
      grid: (p) => flatGrid(p.rows, 1),
      wgsl: (p) => `${head(p, flatRow(p.rows, 1))}
const THREADS = ${THREADS}u;
var<workgroup> sums: array<f32, THREADS>;
var<workgroup> faults: array<u32, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let row = group.y * ROW + group.x;
  if (row >= ROWS) { return; }
  let end = row * OUTPUTS + ${opaque('OUTPUTS', 'outputs')};
  var sum = 0.0;
  var broken = 0u;
  for (var i = row * OUTPUTS + thread; i < end; i += THREADS) {
    ${ADD_ELEMENT}
  }
  sums[thread] = sum;
  faults[thread] = broken;
  workgroupBarrier();
  for (var width = ${opaque('THREADS', 'targets')} / 2u; width > 0u; width /= 2u) {
    if (thread < width) {
      sums[thread] += sums[thread + width];
      faults[thread] |= faults[thread + width];
    }
    workgroupBarrier();
  }
  if (thread == 0u) {
    let loss = sums[0] * SHARE${weightWgsl(p)};
    losses[row] = bitcast<f32>(select(bitcast<u32>(loss), faults[0], faults[0] != 0u));
  }
}`,
    },
    plain: {
      available: () => true,
      grid: (p) => flatGrid(p.rows),
      wgsl: (p) => `${head(p, flatRow(p.rows))}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let row = thread.y * ROW + thread.x;
  if (row >= ROWS) { return; }
  let end = row * OUTPUTS + ${opaque('OUTPUTS', 'outputs')};
  var sum = 0.0;
  var broken = 0u;
  for (var i = row * OUTPUTS; i < end; i++) {
    ${ADD_ELEMENT}
  }
  let loss = sum * SHARE${weightWgsl(p)};
  losses[row] = bitcast<f32>(select(bitcast<u32>(loss), broken, broken != 0u));
}`,
    },
  };
}

/** The targets as they are compared. */
function changed<P extends OutputsParams>(formula: Formula<P>, p: P, targets: Float64Array): Float64Array {
  const { keep, add } = formula.target?.(p) ?? { keep: 1, add: 0 };
  return targets.map((target) => target * keep + add);
}

/** Σ_j of(z_j, t_j) / outputs · |w| of each row, or w itself. */
function rowMeans<P extends OutputsParams>(
  formula: Formula<P>,
  p: P,
  { outputs, targets, rowWeights: weights }: Arrays<'outputs' | 'targets' | 'rowWeights'>,
  of: (z: number, t: number) => number,
): Float64Array {
  const wanted = changed(formula, p, targets);
  return Float64Array.from({ length: p.rows }, (_, row) => {
    let sum = 0;
    for (let i = row * p.outputs; i < (row + 1) * p.outputs; i++) sum += of(outputs[i] as number, wanted[i] as number);
    return (sum / p.outputs) * (p.weighted ? (weights[row] as number) : 1);
  });
}

function forward<P extends OutputsParams>(formula: Formula<P>): Kernel<P, keyof typeof forwardBindings> {
  return defineKernel<P, keyof typeof forwardBindings>({
    name: `loss/${formula.name}`,
    bindings: forwardBindings,
    variants: forwardVariants(formula),
    cost: (p) => ({ flops: 8 * elements(p), bytes: bindingBytes(forwardBindings, p) }),
    // The sum, the share of an element, and the weight.
    terms: (p) => p.outputs + formula.terms + 3,
    reference: (p, given) => ({ losses: rowMeans(formula, p, given, formula.loss) }),
    magnitudes: (p, given) => ({
      losses: rowMeans(formula, p, given, formula.lossMagnitude).map(Math.abs),
    }),
    cases: formula.cases,
  });
}

function backward<P extends OutputsParams>(
  formula: Differentiable<P>,
): Kernel<WithShare<P>, keyof typeof backwardBindings> {
  /** of(z, t) · share · w of each element. */
  const each = (
    p: WithShare<P>,
    { outputs, targets, rowWeights: weights }: Arrays<'outputs' | 'targets' | 'rowWeights'>,
    of: (z: number, t: number) => number,
  ): Float64Array => {
    const wanted = changed(formula, p, targets);
    return outputs.map((z, i) => {
      const weight = p.weighted ? (weights[Math.floor(i / p.outputs)] as number) : 1;
      return of(z, wanted[i] as number) * p.share * weight;
    });
  };
  return defineKernel<WithShare<P>, keyof typeof backwardBindings>({
    name: `loss/${formula.name}-backward`,
    bindings: backwardBindings,
    variants: {
      plain: {
        available: () => true,
        grid: (p) => flatGrid(elements(p)),
        wgsl: (p) => `
${constants({ LENGTH: elements(p), OUTPUTS: p.outputs, ROW: flatRow(elements(p)), SHARE: { f32: p.share } })}
${formula.slopeWgsl}
${targetWgsl(formula, p)}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i >= LENGTH) { return; }
  dOutputs[i] = slopeOf(outputs[i], targetOf(i)) * SHARE${p.weighted ? ' * rowWeights[i / OUTPUTS]' : ''};
}`,
      },
    },
    cost: (p) => ({ flops: 6 * elements(p), bytes: bindingBytes(backwardBindings, p) }),
    terms: () => formula.terms + 3,
    reference: (p, given) => ({ dOutputs: each(p, given, formula.slope) }),
    magnitudes: (p, given) => ({ dOutputs: each(p, given, formula.slopeMagnitude).map(Math.abs) }),
    cases: formula.cases.map((p) => ({ ...p, share: 1 / elements(p) })),
  });
}

const cases: readonly OutputsParams[] = [
  { rows: 1, outputs: 1 },
  { rows: 33, outputs: 1, weighted: true },
  { rows: 7, outputs: 3 },
  { rows: 65, outputs: 10, weighted: true },
  { rows: 3, outputs: 129 },
  { rows: 2, outputs: 4001, weighted: true },
  { rows: 1025, outputs: 4 },
];

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));

const binary: Differentiable<BinaryParams> = {
  name: 'binary-cross-entropy',
  lossWgsl: 'fn lossOf(z: f32, t: f32) -> f32 { return max(z, 0.0) - z * t + log(1.0 + exp(-abs(z))); }',
  slopeWgsl: `fn slopeOf(z: f32, t: f32) -> f32 {
  let power = exp(-abs(z));
  return select(power, 1.0, z >= 0.0) / (1.0 + power) - t;
}`,
  // A power, a logarithm (2⁻²¹ near 1, which is 4 units) and a division, sums, and the change of the target.
  terms: 16,
  target: ({ smoothing = 0 }) => (smoothing > 0 ? { keep: 1 - smoothing, add: smoothing / 2 } : undefined),
  loss: (z, t) => Math.max(z, 0) - z * t + Math.log1p(Math.exp(-Math.abs(z))),
  // WGSL allows exp(−x) 3 + 2x units in the last place.
  lossMagnitude: (z, t) => Math.max(z, 0) + Math.abs(z * t) + 1 + (1 + Math.abs(z)) * Math.exp(-Math.abs(z)),
  slope: (z, t) => sigmoid(z) - t,
  slopeMagnitude: (z, t) => sigmoid(z) * (1 + Math.abs(z)) + Math.abs(t),
  cases: cases.flatMap((p, i) => (i % 2 === 0 ? [p, { ...p, smoothing: 0.1 }] : [{ ...p, smoothing: 0.2 }])),
};

const squared: Differentiable<OutputsParams> = {
  name: 'squared-error',
  lossWgsl: 'fn lossOf(z: f32, t: f32) -> f32 { return (z - t) * (z - t); }',
  slopeWgsl: 'fn slopeOf(z: f32, t: f32) -> f32 { return 2.0 * (z - t); }',
  terms: 3,
  loss: (z, t) => (z - t) ** 2,
  lossMagnitude: (z, t) => (z - t) ** 2,
  slope: (z, t) => 2 * (z - t),
  slopeMagnitude: (z, t) => 2 * Math.abs(z - t),
  cases,
};

const absoluteFormula: Formula<OutputsParams> = {
  name: 'absolute-error',
  lossWgsl: 'fn lossOf(z: f32, t: f32) -> f32 { return abs(z - t); }',
  terms: 1,
  loss: (z, t) => Math.abs(z - t),
  lossMagnitude: (z, t) => Math.abs(z - t),
  cases,
};

export const binaryCrossEntropy = forward(binary);
export const binaryCrossEntropyBackward = backward(binary);
export const squaredError = forward(squared);
export const squaredErrorBackward = backward(squared);
export const absoluteError = forward(absoluteFormula);
