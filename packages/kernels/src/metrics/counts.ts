/**
 * What metrics add up over an epoch, on the device. A first kernel says something of each row, `add-rows` adds that to
 * two running sums; class and threshold counts have sums of their own. Counts stay exact up to 2²⁴.
 *
 *   hits[r] = 1 where the row's class is right, or among the k best; else 0       sums += (Σ values, rows)
 *   sums[c] += (rows of class c that were predicted so, rows predicted as c, rows of class c)
 *   sums += (right positives, predicted positives, positives, elements) of outputs, each compared with a threshold
 *
 * Timed by `pnpm anke bench kernels --filter metrics`.
 */
import { absolute, type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { constants, flatGrid, flatRow, opaque } from '../runtime/wgsl.js';
import type { RowsParams } from '../softmax/row-loss.js';
import { labels } from '../softmax/softmax.js';
import { scores } from './metrics.js';

export interface TopKParams extends RowsParams {
  readonly k: number;
}

export interface RowCountParams {
  readonly rows: number;
}

const rows = (p: RowCountParams): number => p.rows;
const hits = { access: 'write', type: 'f32', length: rows } as const;
/** Running sums, as many as a metric keeps. */
const sums = <P>(length: (p: P) => number) =>
  ({ access: 'update', type: 'f32', length, sample: (_, draw) => draw.integer(1000) }) as const satisfies Binding<P>;

/** A thread a row. */
const rowwise = (shader: string) => ({
  plain: {
    available: () => true,
    grid: (p: RowCountParams) => flatGrid(p.rows),
    wgsl: (p: RowCountParams & Partial<TopKParams>) => `
${constants({ ROWS: p.rows, CLASSES: p.classes ?? 1, K: p.k ?? 1, ROW: flatRow(p.rows) })}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let row = thread.y * ROW + thread.x;
  if (row >= ROWS) { return; }
${shader}
}`,
  },
});

const classNumbers: Binding<RowCountParams> = {
  access: 'read',
  type: 'u32',
  length: rows,
  sample: (_, draw) => draw.integer(3),
};
const equalBindings = { predicted: classNumbers, actual: classNumbers, hits };

/** hits = 1 where two class numbers are equal. */
export const equalRows = defineKernel<RowCountParams, keyof typeof equalBindings>({
  name: 'metrics/equal-rows',
  bindings: equalBindings,
  variants: rowwise('  hits[row] = select(0.0, 1.0, predicted[row] == actual[row]);'),
  cost: (p) => ({ flops: p.rows, bytes: bindingBytes(equalBindings, p) }),
  terms: () => 0,
  reference: (_, { predicted, actual }) => ({ hits: predicted.map((value, i) => (value === actual[i] ? 1 : 0)) }),
  magnitudes(p, inputs) {
    return this.reference(p, inputs);
  },
  cases: [{ rows: 1 }, { rows: 33 }, { rows: 1025 }],
});

const topKBindings = { scores, labels, hits };

/** hits = 1 where fewer than k scores are larger than that of the label: ties at the border are all in, as in Keras. */
export const topKRows = defineKernel<TopKParams, keyof typeof topKBindings>({
  name: 'metrics/top-k-rows',
  bindings: topKBindings,
  variants: rowwise(`
  let own = scores[row * CLASSES + labels[row]];
  var larger = 0u;
  for (var j = 0u; j < ${opaque('CLASSES', 'scores')}; j++) {
    if (scores[row * CLASSES + j] > own) { larger++; }
  }
  hits[row] = select(0.0, 1.0, larger < K);`),
  cost: (p) => ({ flops: p.rows * p.classes, bytes: bindingBytes(topKBindings, p) }),
  terms: () => 0,
  reference: (p, inputs) => ({
    hits: inputs.labels.map((label, row) => {
      const own = inputs.scores.subarray(row * p.classes, (row + 1) * p.classes);
      return own.filter((score) => score > (own[label] as number)).length < p.k ? 1 : 0;
    }),
  }),
  magnitudes(p, inputs) {
    return this.reference(p, inputs);
  },
  cases: [
    { rows: 1, classes: 1, k: 1 },
    { rows: 33, classes: 10, k: 3 },
    { rows: 129, classes: 65, k: 5 },
    { rows: 1025, classes: 7, k: 1 },
  ],
});

const addBindings = {
  values: { access: 'read', type: 'f32', length: rows, sample: (_, draw) => draw.integer(2) },
  sums: sums<RowCountParams>(() => 2),
} as const satisfies Record<string, Binding<RowCountParams>>;

/** sums += (Σ values, rows), one workgroup. */
export const addRows = defineKernel<RowCountParams, keyof typeof addBindings>({
  name: 'metrics/add-rows',
  bindings: addBindings,
  variants: {
    tree: {
      available: () => true,
      grid: () => [1, 1, 1],
      wgsl: (p) => `
${constants({ ROWS: p.rows })}
const THREADS = 64u;
var<workgroup> parts: array<f32, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(local_invocation_index) thread: u32) {
  var sum = 0.0;
  for (var row = thread; row < ROWS; row += THREADS) { sum += values[row]; }
  parts[thread] = sum;
  workgroupBarrier();
  for (var width = ${opaque('THREADS', 'values')} / 2u; width > 0u; width /= 2u) {
    if (thread < width) { parts[thread] += parts[thread + width]; }
    workgroupBarrier();
  }
  if (thread == 0u) {
    sums[0] += parts[0];
    sums[1] += f32(ROWS);
  }
}`,
    },
  },
  cost: (p) => ({ flops: p.rows, bytes: bindingBytes(addBindings, p) }),
  terms: (p) => Math.ceil(p.rows / 64) + 7,
  reference: (p, inputs) => {
    const [sum = 0, count = 0] = inputs.sums;
    return { sums: Float64Array.of(sum + inputs.values.reduce((a, b) => a + b, 0), count + p.rows) };
  },
  magnitudes(p, inputs) {
    return this.reference(p, absolute(inputs));
  },
  cases: [{ rows: 1 }, { rows: 33 }, { rows: 1025 }],
});

/** Running sums of each class in {@link classCounts}. */
export const CLASS_SUMS = 3;

const classBindings = {
  predicted: labels,
  actual: labels,
  sums: sums<RowsParams>((p) => CLASS_SUMS * p.classes),
};

/** A thread a class, which looks at all rows. */
export const classCounts = defineKernel<RowsParams, keyof typeof classBindings>({
  name: 'metrics/class-counts',
  bindings: classBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(p.classes),
      wgsl: (p) => `
${constants({ ROWS: p.rows, CLASSES: p.classes, ROW: flatRow(p.classes), CLASS_SUMS })}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let class_number = thread.y * ROW + thread.x;
  if (class_number >= CLASSES) { return; }
  var counts = vec3u();
  for (var row = 0u; row < ${opaque('ROWS', 'actual')}; row++) {
    let isPredicted = predicted[row] == class_number;
    let isActual = actual[row] == class_number;
    counts += select(vec3u(0u), vec3u(1u), vec3<bool>(isPredicted && isActual, isPredicted, isActual));
  }
  for (var i = 0u; i < CLASS_SUMS; i++) { sums[class_number * CLASS_SUMS + i] += f32(counts[i]); }
}`,
    },
  },
  cost: (p) => ({ flops: 2 * p.rows * p.classes, bytes: bindingBytes(classBindings, p) }),
  terms: () => 1,
  reference: (_, inputs) => {
    const counted = inputs.sums.slice();
    const count = (at: number): void => {
      counted[at] = (counted[at] as number) + 1;
    };
    inputs.actual.forEach((actual, row) => {
      const predicted = inputs.predicted[row] as number;
      if (predicted === actual) count(CLASS_SUMS * actual);
      count(CLASS_SUMS * predicted + 1);
      count(CLASS_SUMS * actual + 2);
    });
    return { sums: counted };
  },
  magnitudes(p, inputs) {
    return this.reference(p, inputs);
  },
  cases: [
    { rows: 1, classes: 1 },
    { rows: 33, classes: 3 },
    { rows: 129, classes: 65 },
    { rows: 32, classes: 1001 },
  ],
});

export interface ThresholdParams {
  readonly rows: number;
  readonly outputs: number;
  readonly threshold: number;
  /** The only output that counts; all of them if absent. */
  readonly column?: number | undefined;
  /** Whether a row's positive output is told by its class number, and not by targets above 1/2. */
  readonly labelled: boolean;
}

const thresholdBindings = {
  outputs: {
    access: 'read',
    type: 'f32',
    length: (p: ThresholdParams) => p.rows * p.outputs,
    sample: (_, draw) => draw.integer(9) / 8,
  },
  targets: {
    access: 'read',
    type: 'f32',
    length: (p: ThresholdParams) => p.rows * p.outputs,
    needed: (p) => !p.labelled,
    sample: (_, draw) => draw.integer(2),
  },
  labels: {
    access: 'read',
    type: 'u32',
    length: (p: ThresholdParams) => p.rows,
    needed: (p) => p.labelled,
    sample: (p, draw) => draw.integer(p.outputs),
  },
  sums: sums<ThresholdParams>(() => 4),
} as const satisfies Record<string, Binding<ThresholdParams>>;

const isCounted = ({ outputs, column }: ThresholdParams, i: number): boolean =>
  column === undefined || i % outputs === column;

/** Outputs above a threshold, one workgroup. */
export const thresholdCounts = defineKernel<ThresholdParams, keyof typeof thresholdBindings>({
  name: 'metrics/threshold-counts',
  bindings: thresholdBindings,
  variants: {
    tree: {
      available: () => true,
      grid: () => [1, 1, 1],
      wgsl: (p) => `
${constants({
  OUTPUTS: p.outputs,
  FIRST: p.column ?? 0,
  STRIDE: p.column === undefined ? 1 : p.outputs,
  COUNT: p.column === undefined ? p.rows * p.outputs : p.rows,
  THRESHOLD: { f32: p.threshold },
})}
const THREADS = 64u;
var<workgroup> counts: array<vec3u, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(local_invocation_index) thread: u32) {
  var found = vec3u();
  for (var n = thread; n < ${opaque('COUNT', 'outputs')}; n += THREADS) {
    let i = FIRST + n * STRIDE;
    let isPredicted = outputs[i] > THRESHOLD;
    let isActual = ${p.labelled ? 'labels[i / OUTPUTS] == i % OUTPUTS' : 'targets[i] > 0.5'};
    found += select(vec3u(0u), vec3u(1u), vec3<bool>(isPredicted && isActual, isPredicted, isActual));
  }
  counts[thread] = found;
  workgroupBarrier();
  for (var width = ${opaque('THREADS', 'outputs')} / 2u; width > 0u; width /= 2u) {
    if (thread < width) { counts[thread] += counts[thread + width]; }
    workgroupBarrier();
  }
  if (thread == 0u) {
    for (var i = 0u; i < 3u; i++) { sums[i] += f32(counts[0][i]); }
    sums[3] += f32(COUNT);
  }
}`,
    },
  },
  cost: (p) => ({ flops: 3 * p.rows * p.outputs, bytes: bindingBytes(thresholdBindings, p) }),
  terms: () => 1,
  reference: (p, inputs) => {
    const after = inputs.sums.slice();
    inputs.outputs.forEach((output, i) => {
      if (!isCounted(p, i)) return;
      const isPredicted = output > p.threshold;
      const isActual = p.labelled
        ? inputs.labels[Math.floor(i / p.outputs)] === i % p.outputs
        : (inputs.targets[i] as number) > 0.5;
      [isPredicted && isActual, isPredicted, isActual, true].forEach((counts, at) => {
        if (counts) after[at] = (after[at] as number) + 1;
      });
    });
    return { sums: after };
  },
  magnitudes(p, inputs) {
    return this.reference(p, inputs);
  },
  cases: [
    { rows: 1, outputs: 1, threshold: 0.5, labelled: false },
    { rows: 33, outputs: 1, threshold: 0.25, labelled: false },
    { rows: 65, outputs: 10, threshold: 0.5, labelled: true },
    { rows: 129, outputs: 7, threshold: 0.75, labelled: true, column: 3 },
    { rows: 1025, outputs: 4, threshold: 0.5, labelled: false, column: 0 },
  ],
});
