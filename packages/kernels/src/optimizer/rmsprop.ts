/**
 * RMSprop (Tieleman and Hinton, lecture 6.5 of *Neural Networks for Machine Learning*, 2012) over flat buffers, a
 * thread a weight. All float32. Timed by `pnpm anke bench kernels --filter optimizer`.
 */
import { type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { constants, flatGrid } from '../runtime/wgsl.js';
import { held, LENGTHS, length } from './flat.js';
import { PREPARATIONS, prepared, type UpdateParams, updateBindings, updateTerms, updateWgsl } from './update.js';

export interface RmspropParams extends UpdateParams {
  readonly rho: number;
  /** 0 for none. */
  readonly momentum: number;
  readonly epsilon: number;
  readonly centered: boolean;
}

const bindings = {
  ...updateBindings,
  v: { access: 'update', type: 'f32', length, sample: (_, draw) => draw.uniform() },
  mean: { access: 'update', type: 'f32', length, needed: (p) => p.centered },
  velocity: { access: 'update', type: 'f32', length, needed: (p) => p.momentum > 0 },
} as const satisfies Record<string, Binding<RmspropParams>>;

/**
 * A step of RMSprop, as Keras writes it (keras/src/optimizers/rmsprop.py):
 *
 *   v ← ρ · v + (1 − ρ) · g²      u ← momentum · u + rate · g / √(v + ε)      w ← w − u
 *
 * Centered, the root is of v − mean² + ε, where mean ← ρ · mean + (1 − ρ) · g. That difference of two sums may round
 * to less than zero, so v then holds the variance itself, which is the same and never negative:
 *
 *   v ← ρ · (v + (1 − ρ) · (g − mean)²)
 *
 * An element of which something would not be finite stays as it is.
 */
export const rmsprop = defineKernel<RmspropParams, keyof typeof bindings>({
  name: 'optimizer/rmsprop',
  bindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(p.length),
      wgsl: (p) => `
${constants({
  RHO: { f32: p.rho },
  ONE_MINUS_RHO: { f32: 1 - p.rho },
  MOMENTUM: { f32: p.momentum },
  EPSILON: { f32: p.epsilon },
})}
${updateWgsl(p)}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i >= LENGTH || isHalted()) { return; }
  let g = gradientAt(i);
${
  p.centered
    ? `
  let apart = g - mean[i];
  let second = RHO * fma(apart * apart, ONE_MINUS_RHO, v[i]);
  let first = fma(apart, ONE_MINUS_RHO, mean[i]);`
    : `
  let second = fma(g * g - v[i], ONE_MINUS_RHO, v[i]);
  let first = 0.0;`
}
  let u = ${p.momentum > 0 ? 'MOMENTUM * velocity[i] + ' : ''}rate[0] * g / sqrt(second + EPSILON);
  let weight = weightAt(i) - u;
  if (!(isFinite(second) & isFinite(first) & isFinite(u) & isFinite(weight))) {
    hold(i);
    return;
  }
  v[i] = second;
${p.centered ? '  mean[i] = first;' : ''}
${p.momentum > 0 ? '  velocity[i] = u;' : ''}
  weights[i] = weight;
}`,
    },
  },
  cost: (p) => ({ flops: 14 * p.length, bytes: bindingBytes(bindings, p) }),
  // Roundings of the longest chain, with WGSL's allowances for a root and a division.
  terms: (p) => 20 + updateTerms(p),
  reference: (p, inputs) => {
    const { gradients, weights: before } = prepared(p, inputs);
    const { v, mean, velocity } = moments(p, inputs, gradients);
    const weights = before.map((w, i) => w - (velocity[i] as number));
    const after: Record<string, Float64Array> = {
      v,
      weights,
      ...(p.centered ? { mean } : {}),
      ...(p.momentum > 0 ? { velocity } : {}),
    };
    return held(after, inputs, p.end);
  },
  magnitudes(p, inputs) {
    const { gradients, weightMagnitudes } = prepared(p, inputs);
    const { v, mean, velocity } = moments(p, inputs, gradients);
    const apart = gradients.map((g, i) => Math.abs(g) + (p.centered ? Math.abs(inputs.mean[i] as number) : 0));
    const second = inputs.v.map((value, i) => value + (1 - p.rho) * ((apart[i] as number) ** 2 + value));
    // The root halves the relative error of what it is of.
    const steps = gradients.map((g, i) => {
      const of = (v[i] as number) + p.epsilon;
      const step = Math.abs((inputs.rate[0] as number) * g) / Math.sqrt(of);
      return step * (1 + (second[i] as number) / of);
    });
    const velocities = velocity.map(
      (u, i) =>
        Math.abs(u) + (p.momentum > 0 ? p.momentum * Math.abs(inputs.velocity[i] as number) : 0) + (steps[i] as number),
    );
    return {
      v: second,
      weights: weightMagnitudes.map((size, i) => size + (velocities[i] as number)),
      ...(p.centered ? { mean: mean.map((value, i) => Math.abs(value) + (apart[i] as number)) } : {}),
      ...(p.momentum > 0 ? { velocity: velocities } : {}),
    };
  },
  cases: [
    ...LENGTHS.flatMap((n) =>
      [
        { momentum: 0, centered: false },
        { momentum: 0.9, centered: false },
        { momentum: 0, centered: true },
        { momentum: 0.9, centered: true },
      ].map((kind) => ({ length: n, rho: 0.9, epsilon: 1e-7, ...kind })),
    ),
    ...PREPARATIONS.map((before) => ({
      length: 209,
      rho: 0.8,
      epsilon: 1e-3,
      momentum: 0.5,
      centered: true,
      ...before,
    })),
  ],
});

/** v and mean behind a step, and u, by which the weights fall. */
function moments(
  p: RmspropParams,
  { v, mean, velocity, rate }: Readonly<Record<'v' | 'mean' | 'velocity' | 'rate', Float64Array>>,
  gradients: Float64Array,
) {
  const [step = 0] = rate;
  const apart = gradients.map((g, i) => g - (mean[i] ?? 0));
  const second = v.map((value, i) =>
    p.centered
      ? p.rho * (value + (1 - p.rho) * (apart[i] as number) ** 2)
      : p.rho * value + (1 - p.rho) * (gradients[i] as number) ** 2,
  );
  return {
    v: second,
    mean: mean.map((value, i) => value + (1 - p.rho) * (apart[i] as number)),
    velocity: gradients.map(
      (g, i) => p.momentum * (velocity[i] ?? 0) + (step * g) / Math.sqrt((second[i] as number) + p.epsilon),
    ),
  };
}
