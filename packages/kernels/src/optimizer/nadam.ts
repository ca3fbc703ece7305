/**
 * Nadam (Dozat, *Incorporating Nesterov Momentum into Adam*, ICLR 2016 workshop) over flat buffers, a thread a weight,
 * and its bias corrections. All float32. Timed by `pnpm anke bench kernels --filter optimizer`.
 */
import { type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { constants, flatGrid } from '../runtime/wgsl.js';
import { held } from './flat.js';
import {
  type Betas,
  type MomentsParams,
  moments,
  momentsBindings,
  momentsCases,
  momentsMagnitudes,
} from './moments.js';
import { updateBindings, updateTerms, updateWgsl } from './update.js';

/** Base of the momentum's schedule. */
const DECAY = 0.96;

const correctionsBindings = {
  /** 1 − 0.96ᵗ, 1 − Π u, 1 − β₂ᵗ; then the shares of m and of g. */
  corrections: { access: 'update', type: 'f32', length: () => 5, sample: (_, draw) => (1 + draw.uniform()) / 3 },
} as const satisfies Record<string, Binding<Betas>>;

/**
 * Brings the corrections forward by a step, with Keras's schedule of the momentum (keras/src/optimizers/nadam.py):
 *
 *   u_t = β₁ · (1 − 0.96ᵗ / 2)
 *   share of m: u_{t+1} / (1 − Π_{k ≤ t+1} u_k)      share of g: (1 − u_t) / (1 − Π_{k ≤ t} u_k)
 *
 * As in Adam's corrections, what is kept is c = 1 − the product, which starts at 0: c ← c + (1 − c) · (1 − factor).
 */
export const nadamCorrections = defineKernel<Betas, keyof typeof correctionsBindings>({
  name: 'optimizer/nadam-corrections',
  bindings: correctionsBindings,
  variants: {
    plain: {
      available: () => true,
      grid: () => [1, 1, 1],
      wgsl: (p) => `
${constants({
  BETA1: { f32: p.beta1 },
  ONE_MINUS_BETA2: { f32: 1 - p.beta2 },
  DECAY: { f32: DECAY },
  ONE_MINUS_DECAY: { f32: 1 - DECAY },
})}

fn onward(c: f32, away: f32) -> f32 { return fma(1.0 - c, away, c); }

@compute @workgroup_size(1)
fn main() {
  let powers = onward(corrections[0], ONE_MINUS_DECAY);
  let u = BETA1 * fma(0.5, powers, 0.5);
  let next = BETA1 * fma(0.5, onward(powers, ONE_MINUS_DECAY), 0.5);
  let products = onward(corrections[1], 1.0 - u);
  corrections[0] = powers;
  corrections[1] = products;
  corrections[2] = onward(corrections[2], ONE_MINUS_BETA2);
  corrections[3] = next / onward(products, 1.0 - next);
  corrections[4] = (1.0 - u) / products;
}`,
    },
  },
  cost: (p) => ({ flops: 24, bytes: bindingBytes(correctionsBindings, p) }),
  terms: () => 24,
  reference: (p, { corrections }) => {
    const onward = (c: number, factor: number): number => c + (1 - c) * (1 - factor);
    const [before0 = 0, before1 = 0, before2 = 0] = corrections;
    const powers = onward(before0, DECAY);
    const u = p.beta1 * (0.5 + 0.5 * powers);
    const next = p.beta1 * (0.5 + 0.5 * onward(powers, DECAY));
    const products = onward(before1, u);
    return {
      corrections: Float64Array.of(
        powers,
        products,
        onward(before2, p.beta2),
        next / onward(products, next),
        (1 - u) / products,
      ),
    };
  },
  magnitudes(p, { corrections }) {
    const { corrections: after } = this.reference(p, { corrections });
    const [powers = 0, products = 0, squares = 0, ofM = 0, ofG = 0] = after as Float64Array;
    const before = Math.max(1, ...corrections);
    // 1 − c and 1 − u are rounded beside 1; a quotient is as exact as its parts.
    const sizes = [powers, products, squares].map((c) => c + 2 * before);
    const bottom = (sizes[1] as number) / products;
    return { corrections: Float64Array.of(...sizes, ofM * (1 + bottom), (ofG + 1 / products) * (1 + bottom)) };
  },
  cases: [
    { beta1: 0.9, beta2: 0.999 },
    { beta1: 0.5, beta2: 0 },
  ],
});

const bindings = {
  ...updateBindings,
  corrections: { access: 'read', type: 'f32', length: () => 5, sample: (_, draw) => 0.1 + draw.uniform() },
  ...momentsBindings,
} as const satisfies Record<string, Binding<MomentsParams>>;

/**
 * A step of Nadam, as Keras writes it, with the shares that {@link nadamCorrections} gives:
 *
 *   m ← m + (g − m)·(1 − β₁)      v ← v + (g² − v)·(1 − β₂)
 *   w ← w − rate · (share of m · m + share of g · g) / (√(v / (1 − β₂ᵗ)) + ε)
 *
 * An element whose new moments or weight are not finite stays as it is.
 */
export const nadam = defineKernel<MomentsParams, keyof typeof bindings>({
  name: 'optimizer/nadam',
  bindings,
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
  let ahead = fma(corrections[3], first, corrections[4] * g);
  let weight = weightAt(i) - rate[0] * ahead / (sqrt(second / corrections[2]) + EPSILON);
  if (!(isFinite(first) & isFinite(second) & isFinite(weight))) {
    hold(i);
    return;
  }
  m[i] = first;
  v[i] = second;
  weights[i] = weight;
}`,
    },
  },
  cost: (p) => ({ flops: 15 * p.length, bytes: bindingBytes(bindings, p) }),
  // Roundings of the longest chain, with WGSL's allowances for a root and two divisions.
  terms: (p) => 24 + updateTerms(p),
  reference: (p, inputs) => {
    const { gradients, m, v, weights: before } = moments(p, inputs);
    const [, , squares = 0, ofM = 0, ofG = 0] = inputs.corrections;
    const weights = before.map((w, i) => {
      const ahead = ofM * (m[i] as number) + ofG * (gradients[i] as number);
      return w - ((inputs.rate[0] as number) * ahead) / (Math.sqrt((v[i] as number) / squares) + p.epsilon);
    });
    return held({ m, v, weights }, inputs, p.end);
  },
  magnitudes(p, inputs) {
    const after = moments(p, inputs);
    const { gradients, v, weightMagnitudes } = after;
    const sizes = momentsMagnitudes(p, inputs, after);
    const [, , squares = 0, ofM = 0, ofG = 0] = inputs.corrections;
    return {
      ...sizes,
      // The quotient is as exact as its parts; the root halves v's relative error.
      weights: weightMagnitudes.map((size, i) => {
        const ofRoot = v[i] === 0 ? 0 : (sizes.v[i] as number) / (v[i] as number);
        const ahead = ofM * (sizes.m[i] as number) + ofG * Math.abs(gradients[i] as number);
        const below = Math.sqrt((v[i] as number) / squares) + p.epsilon;
        return size + ((inputs.rate[0] as number) * ahead * (1 + ofRoot)) / below;
      }),
    };
  },
  cases: momentsCases,
});
