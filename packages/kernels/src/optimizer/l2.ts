/**
 * The L2 penalty on large weights, and its gradient. Float32. Timed by `pnpm anke bench kernels --filter optimizer`.
 */
import { absolute, type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { constants, flatGrid, flatRow, opaque } from '../runtime/wgsl.js';
import { LENGTHS, length } from './flat.js';

export interface L2PenaltiesParams {
  /** Stretches of a flat buffer, in elements, with the λ of each. */
  readonly stretches: readonly { readonly offset: number; readonly length: number; readonly factor: number }[];
  /** Parts in which the sum is left, from {@link l2Parts}: as many workgroups share the work. */
  readonly parts: number;
}

/** Parts for that many weights: each thread adds up some of them. */
export const l2Parts = (weights: number): number => Math.min(32, Math.ceil(weights / (64 * 16)));

/** Elements that the stretches lie in. */
const extent = (p: L2PenaltiesParams): number => Math.max(...p.stretches.map(({ offset, length: n }) => offset + n));
const penalized = (p: L2PenaltiesParams): number => p.stretches.reduce((sum, { length: n }) => sum + n, 0);

const penaltiesBindings = {
  weights: { access: 'read', type: 'f32', length: extent },
  parts: { access: 'write', type: 'f32', length: (p: L2PenaltiesParams) => p.parts },
} as const satisfies Record<string, Binding<L2PenaltiesParams>>;

/** WGSL that adds λ · Σ w² over a thread's share of a stretch to `total`. */
const stretchWgsl = ({ offset, length: n, factor }: L2PenaltiesParams['stretches'][number]): string => `
  {
    var sum = 0.0;
    for (var i = group.x * THREADS + thread; i < ${n}u; i += PARTS * THREADS) {
      let w = weights[${offset}u + i];
      sum = fma(w, w, sum);
    }
    total = fma(${Math.fround(factor)}f, sum, total);
  }`;

/**
 * The penalties Σ λ · Σ w² of all regularized weights of a flat buffer, in `parts` sums that the loss adds up: each
 * workgroup takes every parts·64-th element, and joins its threads' sums pairwise.
 */
export const l2Penalties = defineKernel<L2PenaltiesParams, keyof typeof penaltiesBindings>({
  name: 'optimizer/l2-penalties',
  bindings: penaltiesBindings,
  variants: {
    tree: {
      available: (p) => p.parts <= 65535,
      grid: (p) => [p.parts, 1, 1],
      wgsl: (p) => `
${constants({ PARTS: p.parts, THREADS: 64 })}
var<workgroup> sums: array<f32, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  var total = 0.0;
${p.stretches.map(stretchWgsl).join('')}
  sums[thread] = total;
  workgroupBarrier();
  for (var width = ${opaque('THREADS', 'weights')} / 2u; width > 0u; width /= 2u) {
    if (thread < width) { sums[thread] += sums[thread + width]; }
    workgroupBarrier();
  }
  if (thread == 0u) { parts[group.x] = sums[0]; }
}`,
    },
  },
  cost: (p) => ({ flops: 2 * penalized(p), bytes: penalized(p) * 4 }),
  terms: (p) => Math.ceil(penalized(p) / (p.parts * 64)) + 12,
  reference: (p, { weights }) => {
    const parts = new Float64Array(p.parts);
    for (const { offset, length: n, factor } of p.stretches) {
      for (let i = 0; i < n; i++) {
        const part = Math.floor(i / 64) % p.parts;
        parts[part] = (parts[part] as number) + factor * (weights[offset + i] as number) ** 2;
      }
    }
    return { parts };
  },
  magnitudes(p, inputs) {
    return this.reference(p, absolute(inputs));
  },
  cases: [
    { stretches: [{ offset: 0, length: 1, factor: 0.01 }], parts: 1 },
    { stretches: [{ offset: 64, length: 129, factor: 0.5 }], parts: 3 },
    {
      stretches: [
        { offset: 128, length: 73_728, factor: 0.01 },
        { offset: 80_000, length: 8192, factor: 0.02 },
      ],
      parts: 20,
    },
  ],
});

export interface L2Params {
  readonly length: number;
  /** λ in λ · Σ w². */
  readonly factor: number;
}

const backwardBindings = {
  weights: { access: 'read', type: 'f32', length },
  dWeights: { access: 'write', type: 'f32', length },
} as const satisfies Record<string, Binding<L2Params>>;

/** dw = 2 · λ · w, a thread a weight: the gradient of a penalty that is added to the loss. */
export const l2Backward = defineKernel<L2Params, keyof typeof backwardBindings>({
  name: 'optimizer/l2-backward',
  bindings: backwardBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(p.length),
      wgsl: (p) => `
${constants({ LENGTH: p.length, ROW: flatRow(p.length), TWICE_FACTOR: { f32: 2 * p.factor } })}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i >= LENGTH) { return; }
  dWeights[i] = TWICE_FACTOR * weights[i];
}`,
    },
  },
  cost: (p) => ({ flops: p.length, bytes: bindingBytes(backwardBindings, p) }),
  terms: () => 2,
  reference: (p, { weights }) => ({ dWeights: weights.map((w) => 2 * p.factor * w) }),
  magnitudes(p, inputs) {
    return this.reference(p, inputs);
  },
  cases: LENGTHS.map((n) => ({ length: n, factor: 0.01 })),
});
