/**
 * The end of a step's forward pass in one kernel: softmax and cross-entropy of a batch from logits (rows, classes) and
 * integer labels, the gradient of the logits, the loss with the L2 penalties, the epoch's running sums, and the count of
 * the step. The formulas are those of `softmax.ts`, `metrics.ts` and `advance.ts`, whose kernels the tests run in its place.
 *
 *   loss = mean over rows of −log softmax(logits)[label] + Σ penalties      dLogits = (softmax(logits) − one-hot) / rows
 *   totals += (loss · rows, correct rows, rows)      counters += 1      c ← c + (1 − c)·(1 − β)
 *
 * One workgroup does it all, a thread a row (or several): batches are small, and a second dispatch would cost more than
 * idle threads. Timed by `pnpm anke bench kernels --filter loss`.
 */
import { largestPlace } from '../metrics/metrics.js';
import type { AdvanceParams } from '../optimizer/advance.js';
import { type Binding, bindingBytes, constants, defineKernel } from '../runtime/kernel.js';
import { crossEntropy, softmax } from '../softmax/reference.js';
import { type RowsParams, sampleLogit } from '../softmax/softmax.js';

export interface CrossEntropyStepParams extends RowsParams, AdvanceParams {
  /** Parts of the L2 penalty that are to be added to the loss. */
  readonly penalties: number;
}

const elements = (p: RowsParams): number => p.rows * p.classes;

const bindings = {
  logits: { access: 'read', type: 'f32', length: elements, sample: sampleLogit },
  labels: {
    access: 'read',
    type: 'u32',
    length: (p: RowsParams) => p.rows,
    sample: (p, draw) => draw.integer(p.classes),
  },
  penalties: { access: 'read', type: 'f32', length: (p: CrossEntropyStepParams) => p.penalties },
  loss: { access: 'write', type: 'f32', length: () => 1 },
  dLogits: { access: 'write', type: 'f32', length: elements },
  /** Σ loss · rows, correct rows and rows since the epoch began. */
  totals: { access: 'update', type: 'f32', length: () => 3, sample: (_, draw) => draw.integer(1000) },
  /** The step's number, counted from 0; then its place in the epoch. */
  counters: { access: 'update', type: 'u32', length: () => 2, sample: (_, draw) => draw.integer(1000) },
  /** 1 − β₁ᵗ and 1 − β₂ᵗ. */
  corrections: { access: 'update', type: 'f32', length: () => 2, sample: (_, draw) => draw.uniform() },
} as const satisfies Record<string, Binding<CrossEntropyStepParams>>;

/** No more threads than the rows keep busy: on a CPU, idle ones cost as much as working ones. */
const threadsOf = (p: RowsParams): number => Math.min(256, 2 ** Math.ceil(Math.log2(Math.max(p.rows, 8))));

export const crossEntropyStep = defineKernel<CrossEntropyStepParams, keyof typeof bindings>({
  name: 'loss/cross-entropy-step',
  bindings,
  variants: {
    tree: {
      available: () => true,
      grid: () => [1, 1, 1],
      wgsl: (p) => `
${constants({
  ROWS: p.rows,
  CLASSES: p.classes,
  PENALTIES: p.penalties,
  THREADS: threadsOf(p),
  SHARE: { f32: 1 / p.rows },
  ONE_MINUS_BETA1: { f32: 1 - p.beta1 },
  ONE_MINUS_BETA2: { f32: 1 - p.beta2 },
})}
@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read> penalties: array<f32>;
@group(0) @binding(3) var<storage, read_write> loss: array<f32>;
@group(0) @binding(4) var<storage, read_write> dLogits: array<f32>;
@group(0) @binding(5) var<storage, read_write> totals: array<f32>;
@group(0) @binding(6) var<storage, read_write> counters: array<u32>;
@group(0) @binding(7) var<storage, read_write> corrections: array<f32>;

var<workgroup> losses: array<f32, THREADS>;
var<workgroup> correct: array<u32, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(local_invocation_index) thread: u32) {
  var lossSum = 0.0;
  var count = 0u;
  for (var row = thread; row < ROWS; row += THREADS) {
    let start = row * CLASSES;
    let label = labels[row];
    let end = min(CLASSES, arrayLength(&logits)); // not to be unrolled: that takes longer to compile than to run
    var largest = logits[start];
    var best = 0u;
    for (var j = 1u; j < end; j++) {
      let logit = logits[start + j];
      if (logit > largest) { best = j; }
      largest = max(largest, logit);
    }
    var total = 0.0;
    for (var j = 0u; j < end; j++) {
      let power = exp(logits[start + j] - largest);
      dLogits[start + j] = power;
      total += power;
    }
    for (var j = 0u; j < end; j++) {
      let p = dLogits[start + j] / total;
      dLogits[start + j] = (p - select(0.0, 1.0, j == label)) * SHARE;
    }
    lossSum += log(total) + (largest - logits[start + label]);
    if (best == label) { count++; }
  }
  losses[thread] = lossSum;
  correct[thread] = count;
  workgroupBarrier();
  // A bound that the compiler does not know: each barrier that it unrolls takes it long.
  for (var width = min(THREADS, 512u * arrayLength(&loss)) / 2u; width > 0u; width /= 2u) {
    if (thread < width) {
      losses[thread] += losses[thread + width];
      correct[thread] += correct[thread + width];
    }
    workgroupBarrier();
  }
  if (thread == 0u) {
    var mean = losses[0] * SHARE;
    for (var i = 0u; i < min(PENALTIES, arrayLength(&penalties)); i++) { mean += penalties[i]; }
    loss[0] = mean;
    totals[0] += mean * f32(ROWS);
    totals[1] += f32(correct[0]);
    totals[2] += f32(ROWS);
    counters[0] += 1u;
    counters[1] += 1u;
    corrections[0] = fma(1.0 - corrections[0], ONE_MINUS_BETA1, corrections[0]);
    corrections[1] = fma(1.0 - corrections[1], ONE_MINUS_BETA2, corrections[1]);
  }
}`,
    },
  },
  cost: (p) => ({ flops: 8 * elements(p), bytes: bindingBytes(bindings, p) }),
  // WGSL allows exp(x) an error of 3 + 2·|x| units; |x| stays below 104 where the result is not zero.
  terms: (p) => p.classes + Math.ceil(p.rows / threadsOf(p)) + p.penalties + 2 * (3 + 2 * 104) + 16,
  reference: (p, inputs) => {
    const rowLosses = crossEntropy(inputs.logits, inputs.labels, p.classes);
    const loss =
      rowLosses.reduce((sum, value) => sum + value, 0) / p.rows +
      inputs.penalties.reduce((sum, value) => sum + value, 0);
    const correct = inputs.labels.reduce((count, label, row) => {
      const best = largestPlace(inputs.logits.subarray(row * p.classes, (row + 1) * p.classes));
      return count + (best === label ? 1 : 0);
    }, 0);
    const [lossSum = 0, correctSum = 0, samples = 0] = inputs.totals;
    const [c1 = 0, c2 = 0] = inputs.corrections;
    return {
      loss: Float64Array.of(loss),
      dLogits: softmax(inputs.logits, p.classes).map((probability, i) => {
        const target = i % p.classes === inputs.labels[Math.floor(i / p.classes)] ? 1 : 0;
        return (probability - target) / p.rows;
      }),
      totals: Float64Array.of(lossSum + loss * p.rows, correctSum + correct, samples + p.rows),
      counters: inputs.counters.map((value) => value + 1),
      corrections: Float64Array.of(c1 + (1 - c1) * (1 - p.beta1), c2 + (1 - c2) * (1 - p.beta2)),
    };
  },
  cases: [
    { rows: 1, classes: 1, penalties: 0 },
    { rows: 1, classes: 10, penalties: 1 },
    { rows: 7, classes: 3, penalties: 3 },
    { rows: 65, classes: 33, penalties: 32 },
    { rows: 3, classes: 129, penalties: 0 },
    { rows: 32, classes: 10, penalties: 32 },
    { rows: 1025, classes: 10, penalties: 8 },
  ].map((p, i) => ({ ...p, beta1: i % 2 === 0 ? 0.9 : 0, beta2: i % 2 === 0 ? 0.999 : 0 })),
});
