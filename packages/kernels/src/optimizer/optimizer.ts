/**
 * Optimizers over flat buffers: all weights, gradients and moments of a model lie in one buffer each, so that an update
 * is one dispatch, a thread a weight. Float32. Timed by `pnpm anke bench kernels --filter optimizer`.
 *
 * The learning rate and the bias corrections lie on the device too: a recorded step needs no upload.
 */
import { type Binding, bindingBytes, constants, defineKernel, flatGrid, flatRow } from '../runtime/kernel.js';

const LENGTHS = [1, 3, 33, 65, 129, 173_674];

export interface AdvanceParams {
  readonly beta1: number;
  readonly beta2: number;
}

const advanceBindings = {
  /** The step's number, counted from 0; then its place in the epoch. */
  counters: { access: 'update', type: 'u32', length: () => 2, sample: (_, draw) => draw.integer(1000) },
  /** 1 − β₁ᵗ and 1 − β₂ᵗ. */
  corrections: { access: 'update', type: 'f32', length: () => 2, sample: (_, draw) => draw.uniform() },
} as const satisfies Record<string, Binding<AdvanceParams>>;

/**
 * Moves to the next step: counts it, and brings Adam's bias corrections forward by c ← c + (1 − c)·(1 − β), which starts
 * at 0 and gives 1 − βᵗ without the cancellation that 1 − βᵗ has for small t.
 */
export const advance = defineKernel<AdvanceParams, keyof typeof advanceBindings>({
  name: 'optimizer/advance',
  bindings: advanceBindings,
  variants: {
    plain: {
      available: () => true,
      grid: () => [1, 1, 1],
      wgsl: (p) => `
${constants({ ONE_MINUS_BETA1: { f32: 1 - p.beta1 }, ONE_MINUS_BETA2: { f32: 1 - p.beta2 } })}
@group(0) @binding(0) var<storage, read_write> counters: array<u32>;
@group(0) @binding(1) var<storage, read_write> corrections: array<f32>;

@compute @workgroup_size(1)
fn main() {
  counters[0] += 1u;
  counters[1] += 1u;
  corrections[0] = fma(1.0 - corrections[0], ONE_MINUS_BETA1, corrections[0]);
  corrections[1] = fma(1.0 - corrections[1], ONE_MINUS_BETA2, corrections[1]);
}`,
    },
  },
  cost: (p) => ({ flops: 6, bytes: bindingBytes(advanceBindings, p) }),
  terms: () => 4,
  reference: (p, { counters, corrections }) => {
    const [c1 = 0, c2 = 0] = corrections;
    return {
      counters: counters.map((value) => value + 1),
      corrections: Float64Array.of(c1 + (1 - c1) * (1 - p.beta1), c2 + (1 - c2) * (1 - p.beta2)),
    };
  },
  cases: [
    { beta1: 0.9, beta2: 0.999 },
    { beta1: 0, beta2: 0.5 },
  ],
});

export interface AdamParams {
  readonly length: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

const length = (p: { length: number }): number => p.length;
const rate: Binding<object> = {
  access: 'read',
  type: 'f32',
  length: () => 1,
  sample: (_, draw) => draw.uniform() / 100,
};

const adamBindings = {
  gradients: { access: 'read', type: 'f32', length },
  rate,
  corrections: { access: 'read', type: 'f32', length: () => 2, sample: (_, draw) => 0.1 + draw.uniform() },
  m: { access: 'update', type: 'f32', length },
  v: { access: 'update', type: 'f32', length, sample: (_, draw) => draw.uniform() },
  weights: { access: 'update', type: 'f32', length },
} as const satisfies Record<string, Binding<AdamParams>>;

/**
 * Adam (Kingma and Ba, arXiv:1412.6980, the formulation before section 2.1), as Keras writes it:
 *
 *   m ← m + (g − m)·(1 − β₁)      v ← v + (g² − v)·(1 − β₂)      w ← w − rate · √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε)
 */
export const adam = defineKernel<AdamParams, keyof typeof adamBindings>({
  name: 'optimizer/adam',
  bindings: adamBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(p.length),
      wgsl: (p) => `
${constants({
  LENGTH: p.length,
  ROW: flatRow(p.length),
  ONE_MINUS_BETA1: { f32: 1 - p.beta1 },
  ONE_MINUS_BETA2: { f32: 1 - p.beta2 },
  EPSILON: { f32: p.epsilon },
})}
@group(0) @binding(0) var<storage, read> gradients: array<f32>;
@group(0) @binding(1) var<storage, read> rate: array<f32>;
@group(0) @binding(2) var<storage, read> corrections: array<f32>;
@group(0) @binding(3) var<storage, read_write> m: array<f32>;
@group(0) @binding(4) var<storage, read_write> v: array<f32>;
@group(0) @binding(5) var<storage, read_write> weights: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i >= LENGTH) { return; }
  let g = gradients[i];
  let first = fma(g - m[i], ONE_MINUS_BETA1, m[i]);
  let second = fma(g * g - v[i], ONE_MINUS_BETA2, v[i]);
  m[i] = first;
  v[i] = second;
  let alpha = rate[0] * sqrt(corrections[1]) / corrections[0];
  weights[i] -= alpha * first / (sqrt(second) + EPSILON);
}`,
    },
  },
  cost: (p) => ({ flops: 12 * p.length, bytes: bindingBytes(adamBindings, p) }),
  // Roundings of the longest chain, with WGSL's allowances for two roots and two divisions.
  terms: () => 24,
  reference: (p, inputs) => {
    const [c1 = 0, c2 = 0] = inputs.corrections;
    const alpha = ((inputs.rate[0] as number) * Math.sqrt(c2)) / c1;
    const m = inputs.m.map((value, i) => value + ((inputs.gradients[i] as number) - value) * (1 - p.beta1));
    const v = inputs.v.map((value, i) => value + ((inputs.gradients[i] as number) ** 2 - value) * (1 - p.beta2));
    const weights = inputs.weights.map(
      (value, i) => value - (alpha * (m[i] as number)) / (Math.sqrt(v[i] as number) + p.epsilon),
    );
    return { m, v, weights };
  },
  cases: LENGTHS.map((n) => ({ length: n, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 })),
});

export interface SgdParams {
  readonly length: number;
}

const sgdBindings = {
  gradients: { access: 'read', type: 'f32', length },
  rate,
  weights: { access: 'update', type: 'f32', length },
} as const satisfies Record<string, Binding<SgdParams>>;

/** Gradient descent: w ← w − rate · g */
export const sgd = defineKernel<SgdParams, keyof typeof sgdBindings>({
  name: 'optimizer/sgd',
  bindings: sgdBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(p.length),
      wgsl: (p) => `
${constants({ LENGTH: p.length, ROW: flatRow(p.length) })}
@group(0) @binding(0) var<storage, read> gradients: array<f32>;
@group(0) @binding(1) var<storage, read> rate: array<f32>;
@group(0) @binding(2) var<storage, read_write> weights: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i >= LENGTH) { return; }
  weights[i] = fma(-rate[0], gradients[i], weights[i]);
}`,
    },
  },
  cost: (p) => ({ flops: 2 * p.length, bytes: bindingBytes(sgdBindings, p) }),
  terms: () => 2,
  reference: (_, { gradients, rate: r, weights }) => ({
    weights: weights.map((value, i) => value - (r[0] as number) * (gradients[i] as number)),
  }),
  cases: LENGTHS.map((n) => ({ length: n })),
});

export interface SgdMomentumParams extends SgdParams {
  readonly momentum: number;
  readonly nesterov: boolean;
}

const sgdMomentumBindings = {
  gradients: { access: 'read', type: 'f32', length },
  rate,
  velocity: { access: 'update', type: 'f32', length },
  weights: { access: 'update', type: 'f32', length },
} as const satisfies Record<string, Binding<SgdMomentumParams>>;

/**
 * Gradient descent with momentum, as Keras writes it: u ← momentum · u − rate · g, then w ← w + u, or with Nesterov's
 * step w ← w + momentum · u − rate · g (Sutskever et al., ICML 2013).
 */
export const sgdMomentum = defineKernel<SgdMomentumParams, keyof typeof sgdMomentumBindings>({
  name: 'optimizer/sgd-momentum',
  bindings: sgdMomentumBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(p.length),
      wgsl: (p) => `
${constants({ LENGTH: p.length, ROW: flatRow(p.length), MOMENTUM: { f32: p.momentum }, NESTEROV: p.nesterov })}
@group(0) @binding(0) var<storage, read> gradients: array<f32>;
@group(0) @binding(1) var<storage, read> rate: array<f32>;
@group(0) @binding(2) var<storage, read_write> velocity: array<f32>;
@group(0) @binding(3) var<storage, read_write> weights: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i >= LENGTH) { return; }
  let step = rate[0] * gradients[i];
  let u = MOMENTUM * velocity[i] - step;
  velocity[i] = u;
  weights[i] += select(u, MOMENTUM * u - step, NESTEROV);
}`,
    },
  },
  cost: (p) => ({ flops: 6 * p.length, bytes: bindingBytes(sgdMomentumBindings, p) }),
  terms: () => 8,
  reference: (p, inputs) => {
    const step = inputs.gradients.map((g) => (inputs.rate[0] as number) * g);
    const velocity = inputs.velocity.map((value, i) => p.momentum * value - (step[i] as number));
    const weights = inputs.weights.map((value, i) => {
      const u = velocity[i] as number;
      return value + (p.nesterov ? p.momentum * u - (step[i] as number) : u);
    });
    return { velocity, weights };
  },
  cases: LENGTHS.flatMap((n) => [false, true].map((nesterov) => ({ length: n, momentum: 0.9, nesterov }))),
});

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
