/**
 * The end of a step's forward pass in one kernel: the mean cross-entropy of a batch from logits (rows, classes) and
 * integer labels and, as far as the parameters ask for it, the gradient of the logits, the L2 penalties in the loss,
 * the epoch's running sums, the count of the step and Adam's bias corrections. The fusion pass puts it in place of the
 * plain kernels in `softmax.ts`, `add-penalties.ts`, `metrics.ts`, `advance.ts` and `adam.ts`, whose formulas it has.
 *
 *   loss = mean over rows of −log softmax(logits)[label] + Σ penalties (smoothed or weighted: `softmax/row-loss.ts`)
 *   dLogits = (softmax(logits) − one-hot) / rows
 *   totals += (loss · rows, correct rows, rows)      counters += 1      c ← c + (1 − c)·(1 − β)
 *   faults += logits and losses that are not finite
 *
 * One workgroup does it all, a thread a row (or several): batches are small, and a second dispatch would cost more than
 * idle threads. Timed by `pnpm anke bench kernels --filter loss`.
 */
import { COUNTERS_WGSL, counters, FINITE_WGSL, notFinite, withFaults } from '../finite/faults.js';
import { largestIndex } from '../metrics/metrics.js';
import { advancedCorrections, correctionMagnitudes, corrections } from '../optimizer/adam.js';
import { advanced } from '../optimizer/advance.js';
import type { Betas } from '../optimizer/moments.js';
import { type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { constants, opaque } from '../runtime/wgsl.js';
import {
  crossEntropy,
  crossEntropyGradient,
  crossEntropyGradientMagnitudes,
  crossEntropyMagnitudes,
} from '../softmax/reference.js';
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
} from '../softmax/row-loss.js';
import { labels, logits } from '../softmax/softmax.js';

export interface CrossEntropyStepParams extends RowLossParams {
  /** Parts of the penalties on weights that are to be added to the loss; 0 if there is none. */
  readonly penalties: number;
  /** Whether the gradient of the logits is written. */
  readonly gradient: boolean;
  /** Whether the batch is added to the epoch's sums, and what is not finite is counted. */
  readonly totals: boolean;
  /** Whether the counters are advanced to the next step. */
  readonly advance: boolean;
  /** Adam's, if its bias corrections are advanced by a step. */
  readonly betas?: Betas;
}

const elements = (p: RowsParams): number => p.rows * p.classes;

const bindings = {
  logits,
  labels,
  rowWeights,
  penalties: {
    access: 'read',
    type: 'f32',
    length: (p: CrossEntropyStepParams) => p.penalties,
    needed: (p) => p.penalties > 0,
  },
  loss: { access: 'write', type: 'f32', length: () => 1 },
  dLogits: { access: 'write', type: 'f32', length: elements, needed: (p) => p.gradient },
  /** Σ loss · rows, correct rows and rows since the epoch began. */
  totals: {
    access: 'update',
    type: 'f32',
    length: () => 3,
    needed: (p) => p.totals,
    sample: (_, draw) => draw.integer(1000),
  },
  counters: { ...counters, needed: (p) => p.totals || p.advance },
  corrections: { ...corrections, needed: (p) => p.betas !== undefined },
} as const satisfies Record<string, Binding<CrossEntropyStepParams>>;

/** No more threads than the rows keep busy: on a CPU, idle ones cost as much as working ones. */
const threadsOf = (p: RowsParams): number => Math.min(256, 2 ** Math.ceil(Math.log2(Math.max(p.rows, 8))));

/** Adds up exp(logit − largest) of a row in `total`; writes the row's gradient if it is asked for. */
const rowWgsl = (p: CrossEntropyStepParams): string =>
  p.gradient
    ? `
    for (var j = 0u; j < end; j++) {
      let power = exp(logits[start + j] - largest);
      dLogits[start + j] = power;
      total += power;
      ${distanceWgsl(p)?.add ?? ''}
    }
    for (var j = 0u; j < end; j++) {
      let p = dLogits[start + j] / total;
      dLogits[start + j] = (p - ${targetWgsl(p)}) * SHARE${weightWgsl(p)};
    }`
    : `
    for (var j = 0u; j < end; j++) {
      total += exp(logits[start + j] - largest);
      ${distanceWgsl(p)?.add ?? ''}
    }`;

/** What one thread does at the end, with the mean loss of the rows in `mean`. */
const endWgsl = (p: CrossEntropyStepParams): string =>
  [
    p.penalties > 0 && `for (var i = 0u; i < ${opaque('PENALTIES', 'penalties')}; i++) { mean += penalties[i]; }`,
    'loss[0] = mean;',
    p.totals && 'totals[0] += mean * f32(ROWS);',
    p.totals && 'totals[1] += f32(correct[0]);',
    p.totals && 'totals[2] += f32(ROWS);',
    p.totals && 'let found = atomicLoad(&faults) + select(1u, 0u, isFinite(mean)) + counters[HELD];',
    p.totals && 'if (counters[FAULTS] == 0u) { counters[FAULTS] = found; }',
    p.advance && 'if (counters[FAULTS] == 0u) {',
    p.advance && '  counters[STEP] += 1u;',
    p.advance && '  counters[INDEX] += 1u;',
    p.advance && '}',
    p.betas && 'corrections[0] = fma(1.0 - corrections[0], ONE_MINUS_BETA1, corrections[0]);',
    p.betas && 'corrections[1] = fma(1.0 - corrections[1], ONE_MINUS_BETA2, corrections[1]);',
  ]
    .filter(Boolean)
    .map((line) => `    ${line}`)
    .join('\n');

export const crossEntropyStep = defineKernel<CrossEntropyStepParams, keyof typeof bindings>({
  name: 'loss/cross-entropy-step',
  bindings,
  variants: {
    tree: {
      available: () => true,
      accumulates: true,
      grid: () => [1, 1, 1],
      wgsl: (p) => `
${constants({
  ROWS: p.rows,
  CLASSES: p.classes,
  PENALTIES: p.penalties,
  THREADS: threadsOf(p),
  SHARE: { f32: 1 / p.rows },
  ...smoothingConstants(p),
  ...(p.betas ? { ONE_MINUS_BETA1: { f32: 1 - p.betas.beta1 }, ONE_MINUS_BETA2: { f32: 1 - p.betas.beta2 } } : {}),
})}
${COUNTERS_WGSL}
${FINITE_WGSL}

var<workgroup> losses: array<f32, THREADS>;
var<workgroup> correct: array<u32, THREADS>;
var<workgroup> faults: atomic<u32>;

@compute @workgroup_size(THREADS)
fn main(@builtin(local_invocation_index) thread: u32) {
  var lossSum = 0.0;
  var count = 0u;
  for (var row = thread; row < ROWS; row += THREADS) {
    let start = row * CLASSES;
    let label = labels[row];
    let end = ${opaque('CLASSES', 'logits')};
    var largest = logits[start];
    var best = 0u;
    for (var j = 0u; j < end; j++) {
      let logit = logits[start + j];
      if (logit > largest) { best = j; }
      largest = max(largest, logit);
      if (!isFinite(logit)) { atomicAdd(&faults, 1u); }
    }
    var total = 0.0;
    ${distanceWgsl(p)?.declare ?? ''}
${rowWgsl(p)}
    lossSum += ${rowLossWgsl(p)};
    if (best == label) { count++; }
  }
  losses[thread] = lossSum;
  correct[thread] = count;
  workgroupBarrier();
  for (var width = ${opaque('THREADS', 'loss')} / 2u; width > 0u; width /= 2u) {
    if (thread < width) {
      losses[thread] += losses[thread + width];
      correct[thread] += correct[thread + width];
    }
    workgroupBarrier();
  }
  if (thread == 0u) {
    var mean = losses[0] * SHARE;
${endWgsl(p)}
  }
}`,
    },
  },
  cost: (p) => ({ flops: 8 * elements(p), bytes: bindingBytes(bindings, p) }),
  // Sums over the classes, over a thread's rows, over the threads and the penalties; and what WGSL allows functions.
  terms: (p) =>
    p.classes + Math.ceil(p.rows / threadsOf(p)) + Math.log2(threadsOf(p)) + p.penalties + 16 + extraTerms(p),
  reference: (p, inputs) => {
    const add = (sum: number, value: number): number => sum + value;
    const targets = targetsOf(p, inputs);
    const loss =
      crossEntropy(inputs.logits, targets, p.classes).reduce(add, 0) / p.rows + inputs.penalties.reduce(add, 0);
    const outputs: Partial<Record<keyof typeof bindings, Float64Array>> = { loss: Float64Array.of(loss) };
    if (p.gradient)
      outputs.dLogits = crossEntropyGradient(inputs.logits, targets, { classes: p.classes, share: 1 / p.rows });
    if (p.totals) {
      const correct = inputs.labels.reduce((count, label, row) => {
        const best = largestIndex(inputs.logits.subarray(row * p.classes, (row + 1) * p.classes));
        return count + (best === label ? 1 : 0);
      }, 0);
      const [lossSum = 0, correctSum = 0, samples = 0] = inputs.totals;
      outputs.totals = Float64Array.of(lossSum + loss * p.rows, correctSum + correct, samples + p.rows);
    }
    if (p.totals || p.advance) {
      const found = p.totals ? notFinite(inputs.logits) + notFinite([loss]) : 0;
      const counted = p.totals ? withFaults(inputs.counters, found) : inputs.counters;
      outputs.counters = p.advance ? advanced(counted) : counted;
    }
    if (p.betas) outputs.corrections = advancedCorrections(p.betas, inputs.corrections);
    return outputs;
  },
  magnitudes(p, inputs) {
    const { logits, penalties } = inputs;
    const targets = targetsOf(p, inputs);
    const rowLosses = crossEntropyMagnitudes(logits, targets, p.classes).reduce((sum, loss) => sum + loss, 0);
    const loss = penalties.reduce((sum, part) => sum + Math.abs(part), rowLosses / p.rows);
    const { totals } = this.reference(p, inputs);
    return {
      loss: Float64Array.of(loss),
      dLogits: crossEntropyGradientMagnitudes(logits, targets, { classes: p.classes, share: 1 / p.rows }),
      ...(totals ? { totals: totals.map((value, i) => Math.abs(value) + (i === 0 ? loss * p.rows : 0)) } : {}),
      ...(p.betas ? { corrections: correctionMagnitudes(p.betas, inputs.corrections) } : {}),
    };
  },
  cases: [
    { rows: 1, classes: 1, penalties: 0 },
    { rows: 1, classes: 10, penalties: 1 },
    { rows: 7, classes: 3, penalties: 3 },
    { rows: 65, classes: 33, penalties: 32 },
    { rows: 3, classes: 129, penalties: 0 },
    { rows: 5, classes: 1001, penalties: 0 },
    { rows: 32, classes: 10, penalties: 32 },
    { rows: 1025, classes: 10, penalties: 8 },
    { rows: 33, classes: 10, penalties: 0, smoothing: 0.1 },
    { rows: 65, classes: 3, penalties: 4, weighted: true },
    { rows: 300, classes: 7, penalties: 2, smoothing: 0.25, weighted: true },
  ].flatMap((p, i) => [
    { ...p, gradient: true, totals: true, advance: true, betas: { beta1: 0.9, beta2: 0.999 } },
    {
      ...p,
      gradient: i % 2 === 0,
      totals: i % 3 === 0,
      advance: i % 3 === 1,
      ...(i % 4 === 2 ? { betas: { beta1: 0, beta2: 0 } } : {}),
    },
  ]),
});
