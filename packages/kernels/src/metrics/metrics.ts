/**
 * What a run reports, gathered on the device: the class with the largest score in each row, and the running sums
 * of an epoch's loss and accuracy, so that one small readback an epoch is enough.
 * Timed by `pnpm anke bench kernels --filter metrics`.
 */
import { COUNTERS_WGSL, counters, FINITE_WGSL, notFinite, withFaults } from '../finite/faults.js';
import { absolute, type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { constants, flatGrid, flatRow, opaque } from '../runtime/wgsl.js';
import type { RowsParams } from '../softmax/row-loss.js';
import { labels } from '../softmax/softmax.js';

const elements = (p: RowsParams): number => p.rows * p.classes;
/** Few distinct values, so that rows hold ties. */
export const scores: Binding<RowsParams> = {
  access: 'read',
  type: 'f32',
  length: elements,
  sample: (_, draw) => draw.integer(9) - 4,
};

/** The index of the largest value; of equals, the first. */
export function largestIndex(values: Float64Array): number {
  let best = 0;
  values.forEach((value, i) => {
    if (value > (values[best] as number)) best = i;
  });
  return best;
}

const cases: readonly RowsParams[] = [
  { rows: 1, classes: 1 },
  { rows: 1, classes: 10 },
  { rows: 33, classes: 3 },
  { rows: 129, classes: 65 },
  { rows: 5, classes: 1001 },
  { rows: 32, classes: 10 },
  { rows: 1025, classes: 10 },
];

const argmaxBindings = {
  scores,
  classes: { access: 'write', type: 'u32', length: (p: RowsParams) => p.rows },
} as const;

/** The index of each row's largest score; of equals, the first. A thread a row. */
export const argmax = defineKernel<RowsParams, keyof typeof argmaxBindings>({
  name: 'metrics/argmax',
  bindings: argmaxBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(p.rows),
      wgsl: (p) => `
${constants({ ROWS: p.rows, CLASSES: p.classes, ROW: flatRow(p.rows) })}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let row = thread.y * ROW + thread.x;
  if (row >= ROWS) { return; }
  var best = 0u;
  for (var j = 1u; j < ${opaque('CLASSES', 'scores')}; j++) {
    if (scores[row * CLASSES + j] > scores[row * CLASSES + best]) { best = j; }
  }
  classes[row] = best;
}`,
    },
  },
  cost: (p) => ({ flops: elements(p), bytes: bindingBytes(argmaxBindings, p) }),
  terms: () => 1,
  reference: (p, inputs) => ({
    classes: Float64Array.from({ length: p.rows }, (_, row) =>
      largestIndex(inputs.scores.subarray(row * p.classes, (row + 1) * p.classes)),
    ),
  }),
  magnitudes: () => ({}),
  cases,
});

const epochBindings = {
  scores,
  labels,
  /** The batch's mean loss. */
  loss: { access: 'read', type: 'f32', length: () => 1 },
  /** Sums over the epoch so far: loss · samples, correct predictions, samples. */
  totals: { access: 'update', type: 'f32', length: () => 3, sample: (_, draw) => draw.integer(50000) },
  counters,
} as const satisfies Record<string, Binding<RowsParams>>;

/**
 * Adds a batch to the epoch's totals, one workgroup. Counts stay exact up to 2²⁴ samples. The loss is weighted by the
 * samples of its batch, as Keras weights its running mean. Scores that are not finite, and such a loss, are counted.
 */
export const epochTotals = defineKernel<RowsParams, keyof typeof epochBindings>({
  name: 'metrics/epoch-totals',
  bindings: epochBindings,
  variants: {
    tree: {
      available: () => true,
      grid: () => [1, 1, 1],
      wgsl: (p) => `
${constants({ ROWS: p.rows, CLASSES: p.classes })}
${COUNTERS_WGSL}
${FINITE_WGSL}

const THREADS = 64u;
var<workgroup> correct: array<u32, THREADS>;
var<workgroup> faults: atomic<u32>;

@compute @workgroup_size(THREADS)
fn main(@builtin(local_invocation_index) thread: u32) {
  var count = 0u;
  for (var row = thread; row < ROWS; row += THREADS) {
    var best = 0u;
    for (var j = 0u; j < ${opaque('CLASSES', 'scores')}; j++) {
      let score = scores[row * CLASSES + j];
      if (score > scores[row * CLASSES + best]) { best = j; }
      if (!isFinite(score)) { atomicAdd(&faults, 1u); }
    }
    if (best == labels[row]) { count++; }
  }
  correct[thread] = count;
  workgroupBarrier();
  for (var width = ${opaque('THREADS', 'labels')} / 2u; width > 0u; width /= 2u) {
    if (thread < width) { correct[thread] += correct[thread + width]; }
    workgroupBarrier();
  }
  if (thread == 0u) {
    totals[0] += loss[0] * f32(ROWS);
    totals[1] += f32(correct[0]);
    totals[2] += f32(ROWS);
    let found = atomicLoad(&faults) + select(1u, 0u, isFinite(loss[0])) + counters[HELD];
    if (counters[FAULTS] == 0u) { counters[FAULTS] = found; }
  }
}`,
    },
  },
  cost: (p) => ({ flops: elements(p), bytes: bindingBytes(epochBindings, p) }),
  terms: () => 2,
  reference: (p, inputs) => {
    let correct = 0;
    for (let row = 0; row < p.rows; row++) {
      if (largestIndex(inputs.scores.subarray(row * p.classes, (row + 1) * p.classes)) === inputs.labels[row])
        correct++;
    }
    const [lossSum = 0, correctSum = 0, samples = 0] = inputs.totals;
    const loss = inputs.loss[0] as number;
    return {
      totals: Float64Array.of(lossSum + loss * p.rows, correctSum + correct, samples + p.rows),
      counters: withFaults(inputs.counters, notFinite(inputs.scores) + notFinite(inputs.loss)),
    };
  },
  magnitudes(p, inputs) {
    return this.reference(p, absolute(inputs));
  },
  cases,
});
