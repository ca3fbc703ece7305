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
  for (var width = THREADS / 2u; width > 0u; width /= 2u) {
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
