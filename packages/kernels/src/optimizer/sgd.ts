/**
 * Gradient descent, with and without momentum, over flat buffers. Float32, a thread a weight.
 * Timed by `pnpm anke bench kernels --filter optimizer`.
 */
import { absolute, type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { constants, flatGrid, flatRow } from '../runtime/wgsl.js';
import { HOLD_WGSL, held, holdingCounters, LENGTHS, length, rate } from './flat.js';

export interface SgdParams {
  readonly length: number;
}

const sgdBindings = {
  gradients: { access: 'read', type: 'f32', length },
  rate,
  weights: { access: 'update', type: 'f32', length },
  counters: holdingCounters,
} as const satisfies Record<string, Binding<SgdParams>>;

/** Gradient descent: w ← w − rate · g, where that is finite */
export const sgd = defineKernel<SgdParams, keyof typeof sgdBindings>({
  name: 'optimizer/sgd',
  bindings: sgdBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(p.length),
      wgsl: (p) => `
${constants({ LENGTH: p.length, ROW: flatRow(p.length) })}
${HOLD_WGSL}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i >= LENGTH || isHalted()) { return; }
  let weight = fma(-rate[0], gradients[i], weights[i]);
  if (!isFinite(weight)) {
    hold(i);
    return;
  }
  weights[i] = weight;
}`,
    },
  },
  cost: (p) => ({ flops: 2 * p.length, bytes: bindingBytes(sgdBindings, p) }),
  terms: () => 2,
  reference: (_, inputs) => {
    const [step = 0] = inputs.rate;
    const weights = inputs.weights.map((value, i) => value - step * (inputs.gradients[i] as number));
    return held({ weights }, inputs);
  },
  magnitudes: (_, { gradients, rate: r, weights }) => ({
    weights: weights.map((value, i) => Math.abs(value) + Math.abs((r[0] as number) * (gradients[i] as number))),
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
  counters: holdingCounters,
} as const satisfies Record<string, Binding<SgdMomentumParams>>;

/**
 * Gradient descent with momentum, as Keras writes it: u ← momentum · u − rate · g, then w ← w + u, or with Nesterov's
 * step w ← w + momentum · u − rate · g (Sutskever et al., ICML 2013). An element whose new velocity or weight is not
 * finite stays as it is.
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
${HOLD_WGSL}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i >= LENGTH || isHalted()) { return; }
  let step = rate[0] * gradients[i];
  let u = MOMENTUM * velocity[i] - step;
  let weight = weights[i] + select(u, MOMENTUM * u - step, NESTEROV);
  if (!(isFinite(u) & isFinite(weight))) {
    hold(i);
    return;
  }
  velocity[i] = u;
  weights[i] = weight;
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
    return held({ velocity, weights }, inputs);
  },
  magnitudes(p, inputs) {
    // Negative gradients move weights and velocities up: nothing is subtracted.
    const positive = absolute(inputs);
    return this.reference(p, { ...positive, gradients: positive.gradients.map((g) => -g) });
  },
  cases: LENGTHS.flatMap((n) => [false, true].map((nesterov) => ({ length: n, momentum: 0.9, nesterov }))),
});
