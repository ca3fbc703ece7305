/** Adam, over flat buffers. Float32, a thread a weight. Timed by `pnpm anke bench kernels --filter optimizer`. */
import { type Binding, bindingBytes, constants, defineKernel, flatGrid, flatRow } from '../runtime/kernel.js';
import { LENGTHS, length, rate } from './flat.js';

export interface AdamParams {
  readonly length: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

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
