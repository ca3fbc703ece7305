/**
 * Adam (Kingma and Ba, arXiv:1412.6980) over flat buffers, a thread a weight, and its bias corrections. All float32.
 * Timed by `pnpm anke bench kernels --filter optimizer`.
 */
import { type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { constants, flatGrid } from '../runtime/wgsl.js';
import { held, length } from './flat.js';
import {
  type Betas,
  type MomentsParams,
  moments,
  momentsBindings,
  momentsCases,
  momentsMagnitudes,
} from './moments.js';
import { updateBindings, updateTerms, updateWgsl } from './update.js';

export interface AdamParams extends MomentsParams {
  /** Whether the step is divided by the root of the largest v so far. */
  readonly amsgrad?: true;
}

const adamBindings = {
  ...updateBindings,
  corrections: { access: 'read', type: 'f32', length: () => 2, sample: (_, draw) => 0.1 + draw.uniform() },
  ...momentsBindings,
  largest: {
    access: 'update',
    type: 'f32',
    length,
    needed: (p) => p.amsgrad === true,
    sample: (_, draw) => draw.uniform(),
  },
} as const satisfies Record<string, Binding<AdamParams>>;

/** The v whose root divides the step. */
const divisors = (
  { amsgrad }: AdamParams,
  v: Float64Array,
  { largest }: Readonly<Record<'largest', Float64Array>>,
): Float64Array => (amsgrad ? v.map((value, i) => Math.max(value, largest[i] as number)) : v);

/**
 * A step of Adam, in the formulation before section 2.1 of the paper, as Keras writes it:
 *
 *   m ← m + (g − m)·(1 − β₁)      v ← v + (g² − v)·(1 − β₂)      w ← w − rate · √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε)
 *
 * With decaying weights it is AdamW. With amsgrad (Reddi, Kale and Kumar, arXiv:1904.09237), the root is of
 *
 *   largest ← max(largest, v)
 *
 * in place of v, as Keras has it. An element whose new moments or weight are not finite stays as it is.
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
  ONE_MINUS_BETA1: { f32: 1 - p.beta1 },
  ONE_MINUS_BETA2: { f32: 1 - p.beta2 },
  EPSILON: { f32: p.epsilon },
})}
${updateWgsl(p)}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i >= LENGTH || isHalted()) { return; }
  let g = gradientAt(i);
  let first = fma(g - m[i], ONE_MINUS_BETA1, m[i]);
  let second = fma(g * g - v[i], ONE_MINUS_BETA2, v[i]);
  let alpha = rate[0] * sqrt(corrections[1]) / corrections[0];
  let divisor = ${p.amsgrad ? 'max(largest[i], second)' : 'second'};
  let weight = weightAt(i) - alpha * first / (sqrt(divisor) + EPSILON);
  if (!(isFinite(first) & isFinite(second) & isFinite(weight))) {
    hold(i);
    return;
  }
  m[i] = first;
  v[i] = second;${p.amsgrad ? '\n  largest[i] = divisor;' : ''}
  weights[i] = weight;
}`,
    },
  },
  cost: (p) => ({ flops: 12 * p.length, bytes: bindingBytes(adamBindings, p) }),
  // Roundings of the longest chain, with WGSL's allowances for two roots and two divisions.
  terms: (p) => 24 + updateTerms(p),
  reference: (p, inputs) => {
    const [c1 = 0, c2 = 0] = inputs.corrections;
    const alpha = ((inputs.rate[0] as number) * Math.sqrt(c2)) / c1;
    const { m, v, weights: before } = moments(p, inputs);
    const largest = divisors(p, v, inputs);
    const weights = before.map(
      (value, i) => value - (alpha * (m[i] as number)) / (Math.sqrt(largest[i] as number) + p.epsilon),
    );
    const after: Record<string, Float64Array> = { m, v, ...(p.amsgrad ? { largest } : {}), weights };
    return held(after, inputs, p.end);
  },
  magnitudes(p, inputs) {
    const after = moments(p, inputs);
    const { m, v, weightMagnitudes } = after;
    const sizes = momentsMagnitudes(p, inputs, after);
    const [c1 = 0, c2 = 0] = inputs.corrections;
    const alpha = ((inputs.rate[0] as number) * Math.sqrt(c2)) / c1;
    const largest = divisors(p, v, inputs);
    return {
      ...sizes,
      // The largest v is off by no more than v is.
      ...(p.amsgrad ? { largest: sizes.v } : {}),
      // The quotient is as exact as its parts; the root halves v's relative error.
      weights: weightMagnitudes.map((size, i) => {
        const ofRoot = largest[i] === 0 ? 0 : (sizes.v[i] as number) / (largest[i] as number);
        const step =
          (alpha * (Math.abs(m[i] as number) * ofRoot + (sizes.m[i] as number))) /
          (Math.sqrt(largest[i] as number) + p.epsilon);
        return size + step;
      }),
    };
  },
  cases: [
    ...momentsCases,
    ...[33, 129].map((n) => ({ length: n, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, amsgrad: true as const })),
    { ...(momentsCases.at(-1) as MomentsParams), amsgrad: true },
  ],
});

/** 1 − β₁ᵗ and 1 − β₂ᵗ. */
export const corrections = {
  access: 'update',
  type: 'f32',
  length: () => 2,
  sample: (_, draw) => draw.uniform(),
} as const satisfies Binding<object>;

const correctionsBindings = { corrections };

/**
 * Brings Adam's bias corrections forward by a step: c ← c + (1 − c)·(1 − β), which starts at 0 and gives 1 − βᵗ without
 * the cancellation that 1 − βᵗ has for small t.
 */
export const adamCorrections = defineKernel<Betas, keyof typeof correctionsBindings>({
  name: 'optimizer/adam-corrections',
  bindings: correctionsBindings,
  variants: {
    plain: {
      available: () => true,
      grid: () => [1, 1, 1],
      wgsl: (p) => `
${constants({ ONE_MINUS_BETA1: { f32: 1 - p.beta1 }, ONE_MINUS_BETA2: { f32: 1 - p.beta2 } })}

@compute @workgroup_size(1)
fn main() {
  corrections[0] = fma(1.0 - corrections[0], ONE_MINUS_BETA1, corrections[0]);
  corrections[1] = fma(1.0 - corrections[1], ONE_MINUS_BETA2, corrections[1]);
}`,
    },
  },
  cost: (p) => ({ flops: 6, bytes: bindingBytes(correctionsBindings, p) }),
  terms: () => 4,
  reference: (p, inputs) => ({ corrections: advancedCorrections(p, inputs.corrections) }),
  magnitudes: (p, inputs) => ({ corrections: correctionMagnitudes(p, inputs.corrections) }),
  cases: [
    { beta1: 0.9, beta2: 0.999 },
    { beta1: 0, beta2: 0.5 },
  ],
});

/** The corrections after one more step. */
export function advancedCorrections({ beta1, beta2 }: Betas, before: Float64Array): Float64Array {
  const [c1 = 0, c2 = 0] = before;
  return Float64Array.of(c1 + (1 - c1) * (1 - beta1), c2 + (1 - c2) * (1 - beta2));
}

/** Sums of the absolute terms of {@link advancedCorrections}. */
export function correctionMagnitudes({ beta1, beta2 }: Betas, before: Float64Array): Float64Array {
  const [c1 = 0, c2 = 0] = before;
  return Float64Array.of(c1 + (1 + c1) * (1 - beta1), c2 + (1 + c2) * (1 - beta2));
}
