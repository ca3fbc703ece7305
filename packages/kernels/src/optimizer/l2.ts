/** The penalty on large weights, and its gradient. Float32. Timed by `pnpm anke bench kernels --filter optimizer`. */
import { type Binding, bindingBytes, constants, defineKernel, flatGrid, flatRow } from '../runtime/kernel.js';
import { LENGTHS, length } from './flat.js';

export interface L2Params {
  readonly length: number;
  /** λ in λ · Σ w². */
  readonly factor: number;
}

const l2Bindings = {
  weights: { access: 'read', type: 'f32', length },
  penalty: { access: 'write', type: 'f32', length: () => 1 },
} as const satisfies Record<string, Binding<L2Params>>;

/** The penalty λ · Σ w² of one weight tensor, one workgroup. */
export const l2Penalty = defineKernel<L2Params, keyof typeof l2Bindings>({
  name: 'optimizer/l2-penalty',
  bindings: l2Bindings,
  variants: {
    tree: {
      available: () => true,
      grid: () => [1, 1, 1],
      wgsl: (p) => `
${constants({ LENGTH: p.length, FACTOR: { f32: p.factor } })}
@group(0) @binding(0) var<storage, read> weights: array<f32>;
@group(0) @binding(1) var<storage, read_write> penalty: array<f32>;

const THREADS = 256u;
var<workgroup> sums: array<f32, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(local_invocation_index) thread: u32) {
  var sum = 0.0;
  for (var i = thread; i < LENGTH; i += THREADS) { sum = fma(weights[i], weights[i], sum); }
  sums[thread] = sum;
  workgroupBarrier();
  for (var width = min(THREADS, THREADS * arrayLength(&weights)) / 2u; width > 0u; width /= 2u) { // not to be unrolled
    if (thread < width) { sums[thread] += sums[thread + width]; }
    workgroupBarrier();
  }
  if (thread == 0u) { penalty[0] = FACTOR * sums[0]; }
}`,
    },
  },
  cost: (p) => ({ flops: 2 * p.length, bytes: bindingBytes(l2Bindings, p) }),
  terms: (p) => Math.ceil(p.length / 256) + 10,
  reference: (p, { weights }) => ({ penalty: Float64Array.of(p.factor * weights.reduce((sum, w) => sum + w * w, 0)) }),
  cases: LENGTHS.map((n) => ({ length: n, factor: 0.01 })),
});

export interface L2PenaltiesParams {
  /** Stretches of a flat buffer, in elements, with the λ of each. */
  readonly stretches: readonly { readonly offset: number; readonly length: number; readonly factor: number }[];
  /** Parts in which the sum is left: as many workgroups share the work. */
  readonly parts: number;
}

/** Elements that the stretches lie in. */
const extent = (p: L2PenaltiesParams): number => Math.max(...p.stretches.map(({ offset, length: n }) => offset + n));
const penalized = (p: L2PenaltiesParams): number => p.stretches.reduce((sum, { length: n }) => sum + n, 0);

const l2PenaltiesBindings = {
  weights: { access: 'read', type: 'f32', length: extent },
  parts: { access: 'write', type: 'f32', length: (p: L2PenaltiesParams) => p.parts },
} as const satisfies Record<string, Binding<L2PenaltiesParams>>;

/**
 * The penalties Σ λ · Σ w² of all regularized weights of a flat buffer, in `parts` sums that the loss adds up: each
 * workgroup takes every parts·64-th element.
 */
export const l2Penalties = defineKernel<L2PenaltiesParams, keyof typeof l2PenaltiesBindings>({
  name: 'optimizer/l2-penalties',
  bindings: l2PenaltiesBindings,
  variants: {
    tree: {
      available: (p) => p.parts <= 65535,
      grid: (p) => [p.parts, 1, 1],
      wgsl: (p) => `
@group(0) @binding(0) var<storage, read> weights: array<f32>;
@group(0) @binding(1) var<storage, read_write> parts: array<f32>;

const THREADS = 64u;
const PARTS = ${p.parts}u;
var<workgroup> sums: array<f32, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  var total = 0.0;
${p.stretches
  .map(
    ({ offset, length: n, factor }) => `
  {
    var sum = 0.0;
    for (var i = group.x * THREADS + thread; i < ${n}u; i += PARTS * THREADS) {
      let w = weights[${offset}u + i];
      sum = fma(w, w, sum);
    }
    total = fma(${Math.fround(factor)}f, sum, total);
  }`,
  )
  .join('')}
  sums[thread] = total;
  workgroupBarrier();
  for (var width = min(THREADS, THREADS * arrayLength(&weights)) / 2u; width > 0u; width /= 2u) { // not to be unrolled
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

/** Parts for that many weights: some rounds for each thread. */
export const l2Parts = (weights: number): number => Math.min(32, Math.ceil(weights / (64 * 16)));

const l2BackwardBindings = {
  weights: { access: 'read', type: 'f32', length },
  dPenalty: { access: 'read', type: 'f32', length: () => 1 },
  dWeights: { access: 'write', type: 'f32', length },
} as const satisfies Record<string, Binding<L2Params>>;

/** dw = 2 · λ · w · dPenalty, a thread a weight. */
export const l2Backward = defineKernel<L2Params, keyof typeof l2BackwardBindings>({
  name: 'optimizer/l2-backward',
  bindings: l2BackwardBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(p.length),
      wgsl: (p) => `
${constants({ LENGTH: p.length, ROW: flatRow(p.length), TWICE_FACTOR: { f32: 2 * p.factor } })}
@group(0) @binding(0) var<storage, read> weights: array<f32>;
@group(0) @binding(1) var<storage, read> dPenalty: array<f32>;
@group(0) @binding(2) var<storage, read_write> dWeights: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i >= LENGTH) { return; }
  dWeights[i] = TWICE_FACTOR * weights[i] * dPenalty[0];
}`,
    },
  },
  cost: (p) => ({ flops: 2 * p.length, bytes: bindingBytes(l2BackwardBindings, p) }),
  terms: () => 3,
  reference: (p, { weights, dPenalty }) => ({
    dWeights: weights.map((w) => 2 * p.factor * w * (dPenalty[0] as number)),
  }),
  cases: LENGTHS.map((n) => ({ length: n, factor: 0.01 })),
});
