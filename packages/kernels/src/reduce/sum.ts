/**
 * Sums and means over one axis (or several neighbouring ones) of an array seen as (outer, length, inner):
 *
 *   y[o, i] = factor · Σ_l x[o, l, i]
 *
 * Float32. The order of the sums is fixed, so that the result repeats.
 *
 * Variants, timed by `pnpm anke bench kernels --filter reduce`:
 * - `tree`: a workgroup a result, its threads' sums joined pairwise. For long sums with few results.
 * - `parts`: a thread sums one result over one part of the length, a second dispatch adds the parts. For long sums with
 *   more results, which alone would not keep the device busy.
 * - `plain`: a thread a result. Neighbouring threads read neighbouring `inner` elements.
 */
import { absolute, bindingBytes, defineKernel, type Variant } from '../runtime/kernel.js';
import { constants, flatGrid, flatRow, opaque } from '../runtime/wgsl.js';

export interface SumParams {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
  /** 1 for a sum, 1 / length for a mean. */
  readonly factor: number;
}

const results = (p: SumParams): number => p.outer * p.inner;

const header = (p: SumParams): string =>
  constants({
    LENGTH: p.length,
    INNER: p.inner,
    RESULTS: results(p),
    ROW: flatRow(results(p)),
    FACTOR: { f32: p.factor },
  });

const tree: Variant<SumParams> = {
  available: (p) => results(p) <= 65535,
  suits: (p) => p.length >= 256 && results(p) < 64,
  grid: (p) => [results(p), 1, 1],
  wgsl: (p) => `
${header(p)}
const THREADS = 64u;
var<workgroup> sums: array<f32, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let index = group.x;
  let base = index / INNER * LENGTH * INNER + index % INNER;
  var sum = 0.0;
  for (var l = thread; l < LENGTH; l += THREADS) { sum += x[base + l * INNER]; }
  sums[thread] = sum;
  workgroupBarrier();
  for (var width = ${opaque('THREADS', 'x')} / 2u; width > 0u; width /= 2u) {
    if (thread < width) { sums[thread] += sums[thread + width]; }
    workgroupBarrier();
  }
  if (thread == 0u) { y[index] = FACTOR * sums[0]; }
}`,
};

/** Parts of the length: about its square root, so that neither dispatch has a long sum. */
const partLength = (p: SumParams): number => Math.ceil(Math.sqrt(p.length));
const partCount = (p: SumParams): number => Math.ceil(p.length / partLength(p));
const partHeader = (p: SumParams): string =>
  `${header(p)}\n${constants({
    PARTS: partCount(p),
    PART: partLength(p),
    PART_ROW: flatRow(partCount(p) * results(p)),
  })}`;

const parts: Variant<SumParams> = {
  available: () => true,
  suits: (p) => p.length >= 1024 && results(p) < 4096,
  bindings: () => ['x', 'sums'],
  grid: (p) => flatGrid(partCount(p) * results(p)),
  wgsl: (p) => `
${partHeader(p)}

// sums[part, o, i]
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * PART_ROW + thread.x;
  if (i >= PARTS * RESULTS) { return; }
  let index = i % RESULTS;
  let first = i / RESULTS * PART;
  let base = index / INNER * LENGTH * INNER + index % INNER;
  var sum = 0.0;
  for (var l = first; l < min(first + PART, LENGTH); l++) { sum += x[base + l * INNER]; }
  sums[i] = sum;
}`,
  join: {
    scratch: (p) => ({ sums: partCount(p) * results(p) }),
    bindings: () => ['sums', 'y'],
    grid: (p) => flatGrid(results(p)),
    wgsl: (p) => `
${partHeader(p)}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= RESULTS) { return; }
  var sum = 0.0;
  for (var part = 0u; part < ${opaque('PARTS', 'sums')}; part++) { sum += sums[part * RESULTS + index]; }
  y[index] = FACTOR * sum;
}`,
  },
};

const plain: Variant<SumParams> = {
  available: () => true,
  grid: (p) => flatGrid(results(p)),
  wgsl: (p) => `
${header(p)}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= RESULTS) { return; }
  let base = index / INNER * LENGTH * INNER + index % INNER;
  var sum = 0.0;
  for (var l = 0u; l < LENGTH; l++) { sum += x[base + l * INNER]; }
  y[index] = FACTOR * sum;
}`,
};

const bindings = {
  x: { access: 'read', type: 'f32', length: (p: SumParams) => p.outer * p.length * p.inner },
  y: { access: 'write', type: 'f32', length: results },
} as const;

export const sum = defineKernel<SumParams, keyof typeof bindings>({
  name: 'reduce/sum',
  bindings,
  variants: { tree, parts, plain },
  cost: (p) => ({ flops: p.outer * p.length * p.inner, bytes: bindingBytes(bindings, p) }),
  terms: (p) => p.length + 1,
  reference: (p, { x }) => {
    const y = new Float64Array(results(p));
    for (let o = 0; o < p.outer; o++)
      for (let l = 0; l < p.length; l++)
        for (let i = 0; i < p.inner; i++) {
          const index = o * p.inner + i;
          y[index] = (y[index] as number) + p.factor * (x[(o * p.length + l) * p.inner + i] as number);
        }
    return { y };
  },
  magnitudes(p, inputs) {
    return this.reference(p, absolute(inputs));
  },
  cases: [
    { outer: 1, length: 1, inner: 1, factor: 1 },
    { outer: 1, length: 129, inner: 1, factor: 1 / 129 },
    { outer: 3, length: 7, inner: 33, factor: 1 },
    { outer: 1, length: 65, inner: 7, factor: 1 },
    { outer: 7, length: 33, inner: 1, factor: 1 / 33 },
    { outer: 1, length: 10007, inner: 3, factor: 1 },
    { outer: 2, length: 5000, inner: 1, factor: 1 / 5000 },
    { outer: 1, length: 9, inner: 2, factor: 1 },
    { outer: 1, length: 32 * 26 * 26, inner: 32, factor: 1 },
    { outer: 1, length: 32 * 81, inner: 64, factor: 1 },
  ],
});
