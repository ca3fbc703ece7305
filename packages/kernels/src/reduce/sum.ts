/**
 * Sums and means over one axis (or several neighbouring ones) of an array seen as (outer, length, inner):
 *
 *   y[o, s, i] = factor · Σ_{l in part s} x[o, l, i]
 *
 * `length` is cut into `splits` equal parts, so that a long sum with few results can be done in two dispatches with
 * enough threads in the first. Float32. The order of the sums is fixed, so that the result repeats.
 *
 * Variants, timed by `pnpm anke bench kernels --filter reduce`:
 * - `plain`: a thread a result. Neighbouring threads read neighbouring `inner` elements.
 * - `tree`: a workgroup a result, its threads' sums joined pairwise. For long sums with few results.
 */
import { bindingBytes, constants, defineKernel, flatGrid, flatRow, type Variant } from '../runtime/kernel.js';

export interface SumParams {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
  readonly splits: number;
  /** 1 for a sum, 1 / length for a mean. */
  readonly factor: number;
}

const results = (p: SumParams): number => p.outer * p.splits * p.inner;
const partLength = (p: SumParams): number => Math.ceil(p.length / p.splits);

const header = (p: SumParams): string =>
  constants({
    LENGTH: p.length,
    INNER: p.inner,
    SPLITS: p.splits,
    PART: partLength(p),
    RESULTS: results(p),
    ROW: flatRow(results(p)),
    FACTOR: { f32: p.factor },
  });

const plain: Variant<SumParams> = {
  available: () => true,
  grid: (p) => flatGrid(results(p)),
  wgsl: (p) => `
${header(p)}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= RESULTS) { return; }
  let first = index / INNER % SPLITS * PART;
  let base = index / (INNER * SPLITS) * LENGTH * INNER + index % INNER;
  var sum = 0.0;
  for (var l = first; l < min(first + PART, LENGTH); l++) { sum += x[base + l * INNER]; }
  y[index] = FACTOR * sum;
}`,
};

const tree: Variant<SumParams> = {
  available: (p) => results(p) <= 65535,
  suits: (p) => partLength(p) >= 256 && results(p) < 64,
  grid: (p) => [results(p), 1, 1],
  wgsl: (p) => `
${header(p)}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

const THREADS = 64u;
var<workgroup> sums: array<f32, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let index = group.x;
  let first = index / INNER % SPLITS * PART;
  let base = index / (INNER * SPLITS) * LENGTH * INNER + index % INNER;
  var sum = 0.0;
  for (var l = first + thread; l < min(first + PART, LENGTH); l += THREADS) { sum += x[base + l * INNER]; }
  sums[thread] = sum;
  workgroupBarrier();
  for (var width = THREADS / 2u; width > 0u; width /= 2u) {
    if (thread < width) { sums[thread] += sums[thread + width]; }
    workgroupBarrier();
  }
  if (thread == 0u) { y[index] = FACTOR * sums[0]; }
}`,
};

const bindings = {
  x: { access: 'read', type: 'f32', length: (p: SumParams) => p.outer * p.length * p.inner },
  y: { access: 'write', type: 'f32', length: results },
} as const;

export const sum = defineKernel<SumParams, keyof typeof bindings>({
  name: 'reduce/sum',
  bindings,
  variants: { tree, plain },
  cost: (p) => ({ flops: p.outer * p.length * p.inner, bytes: bindingBytes(bindings, p) }),
  terms: (p) => partLength(p) + 1,
  reference: (p, { x }) => {
    const y = new Float64Array(results(p));
    for (let o = 0; o < p.outer; o++)
      for (let l = 0; l < p.length; l++)
        for (let i = 0; i < p.inner; i++) {
          const at = (o * p.splits + Math.floor(l / partLength(p))) * p.inner + i;
          y[at] = (y[at] as number) + p.factor * (x[(o * p.length + l) * p.inner + i] as number);
        }
    return { y };
  },
  cases: [
    { outer: 1, length: 1, inner: 1, splits: 1, factor: 1 },
    { outer: 1, length: 129, inner: 1, splits: 1, factor: 1 / 129 },
    { outer: 3, length: 7, inner: 33, splits: 1, factor: 1 },
    { outer: 1, length: 65, inner: 7, splits: 4, factor: 1 },
    { outer: 7, length: 33, inner: 1, splits: 3, factor: 1 / 33 },
    { outer: 1, length: 10007, inner: 3, splits: 16, factor: 1 },
    { outer: 2, length: 5000, inner: 1, splits: 1, factor: 1 / 5000 },
    // More parts than the last of them can fill.
    { outer: 1, length: 9, inner: 2, splits: 8, factor: 1 },
    { outer: 1, length: 32 * 26 * 26, inner: 32, splits: 1, factor: 1 },
    { outer: 1, length: 32 * 81, inner: 64, splits: 27, factor: 1 },
  ],
});
