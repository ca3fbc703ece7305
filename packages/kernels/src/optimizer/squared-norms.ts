/**
 * Squared norms of gradients, for clipping by them: Σ g² over each of some stretches of the flat buffer. Float32.
 *
 * Each stretch is left in `parts` sums, which `reduce/sum` adds: a workgroup for each takes every parts·64-th element,
 * neighbouring threads neighbouring ones, and joins its threads' sums pairwise. So the order is always the same.
 * Timed by `pnpm anke bench kernels --filter optimizer`.
 */
import { type Binding, defineKernel } from '../runtime/kernel.js';
import { constantArray, constants, opaque } from '../runtime/wgsl.js';

export interface SquaredNormsParams {
  /** In elements; the norm of an empty one is 0. */
  readonly stretches: readonly { readonly offset: number; readonly length: number }[];
  /** From {@link normParts}. */
  readonly parts: number;
}

/** Parts for these stretches: each thread of the longest one adds up some elements, and a device has enough to do. */
export function normParts(stretches: SquaredNormsParams['stretches']): number {
  const longest = Math.max(...stretches.map(({ length }) => length));
  return Math.max(1, Math.min(Math.ceil(2048 / stretches.length), Math.ceil(longest / (64 * 16))));
}

const extent = (p: SquaredNormsParams): number => Math.max(...p.stretches.map(({ offset, length }) => offset + length));
const results = (p: SquaredNormsParams): number => p.stretches.length * p.parts;

const bindings = {
  gradients: { access: 'read', type: 'f32', length: extent },
  /** (stretches, parts). */
  sums: { access: 'write', type: 'f32', length: results },
} as const satisfies Record<string, Binding<SquaredNormsParams>>;

export const squaredNorms = defineKernel<SquaredNormsParams, keyof typeof bindings>({
  name: 'optimizer/squared-norms',
  bindings,
  variants: {
    tree: {
      available: () => true,
      grid: (p) => [p.parts, p.stretches.length, 1],
      wgsl: (p) => `
${constants({ PARTS: p.parts, THREADS: 64 })}
${constantArray(
  'OFFSETS',
  'u32',
  p.stretches.map(({ offset }) => offset),
)}
${constantArray(
  'LENGTHS',
  'u32',
  p.stretches.map(({ length }) => length),
)}
var<workgroup> partial: array<f32, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let offset = OFFSETS[group.y];
  let length = LENGTHS[group.y];
  var sum = 0.0;
  for (var i = group.x * THREADS + thread; i < length; i += PARTS * THREADS) {
    let g = gradients[offset + i];
    sum = fma(g, g, sum);
  }
  partial[thread] = sum;
  workgroupBarrier();
  for (var width = ${opaque('THREADS', 'gradients')} / 2u; width > 0u; width /= 2u) {
    if (thread < width) { partial[thread] += partial[thread + width]; }
    workgroupBarrier();
  }
  if (thread == 0u) { sums[group.y * PARTS + group.x] = partial[0]; }
}`,
    },
  },
  cost: (p) => {
    const elements = p.stretches.reduce((sum, { length }) => sum + length, 0);
    return { flops: 2 * elements, bytes: 4 * (elements + results(p)) };
  },
  // A thread's elements, and six levels of the tree.
  terms: (p) => Math.ceil(Math.max(...p.stretches.map(({ length }) => length)) / (p.parts * 64)) + 8,
  reference: (p, { gradients }) => {
    const sums = new Float64Array(results(p));
    p.stretches.forEach(({ offset, length }, stretch) => {
      for (let i = 0; i < length; i++) {
        const at = stretch * p.parts + (Math.floor(i / 64) % p.parts);
        sums[at] = (sums[at] as number) + (gradients[offset + i] as number) ** 2;
      }
    });
    return { sums };
  },
  magnitudes(p, inputs) {
    return this.reference(p, inputs);
  },
  cases: [
    { stretches: [{ offset: 0, length: 1 }], parts: 1 },
    { stretches: [{ offset: 64, length: 129 }], parts: 3 },
    {
      stretches: [
        { offset: 0, length: 7 },
        { offset: 64, length: 65 },
        { offset: 192, length: 4097 },
        { offset: 0, length: 0 },
      ],
      parts: 5,
    },
    { stretches: [{ offset: 0, length: 173_674 }], parts: 170 },
  ],
});
