/**
 * Gradient descent, with and without momentum, over flat buffers. Float32, a thread a weight.
 * Timed by `pnpm anke bench kernels --filter optimizer`.
 */
import { type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { constants, flatGrid } from '../runtime/wgsl.js';
import { held, LENGTHS, length } from './flat.js';
import { PREPARATIONS, prepared, type UpdateParams, updateBindings, updateTerms, updateWgsl } from './update.js';

/** Gradient descent: w ← w − rate · g, where that is finite */
export const sgd = defineKernel<UpdateParams, keyof typeof updateBindings>({
  name: 'optimizer/sgd',
  bindings: updateBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(p.length),
      wgsl: (p) => `
${updateWgsl(p)}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i >= LENGTH || isHalted()) { return; }
  let weight = fma(-rate[0], gradientAt(i), weightAt(i));
  if (!isFinite(weight)) {
    hold(i);
    return;
  }
  weights[i] = weight;
}`,
    },
  },
  cost: (p) => ({ flops: 2 * p.length, bytes: bindingBytes(updateBindings, p) }),
  terms: (p) => 2 + updateTerms(p),
  reference: (p, inputs) => {
    const [step = 0] = inputs.rate;
    const { gradients, weights: before } = prepared(p, inputs);
    const weights = before.map((value, i) => value - step * (gradients[i] as number));
    return held({ weights }, inputs, p.end);
  },
  magnitudes: (p, inputs) => {
    const { gradients, weightMagnitudes } = prepared(p, inputs);
    const [step = 0] = inputs.rate;
    return { weights: weightMagnitudes.map((size, i) => size + Math.abs(step * (gradients[i] as number))) };
  },
  cases: [...LENGTHS.map((n) => ({ length: n })), ...PREPARATIONS.map((before) => ({ length: 209, ...before }))],
});

export interface SgdMomentumParams extends UpdateParams {
  readonly momentum: number;
  readonly nesterov: boolean;
}

const sgdMomentumBindings = {
  ...updateBindings,
  velocity: { access: 'update', type: 'f32', length },
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
${constants({ MOMENTUM: { f32: p.momentum }, NESTEROV: p.nesterov })}
${updateWgsl(p)}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i >= LENGTH || isHalted()) { return; }
  let step = rate[0] * gradientAt(i);
  let u = MOMENTUM * velocity[i] - step;
  let weight = weightAt(i) + select(u, MOMENTUM * u - step, NESTEROV);
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
  terms: (p) => 8 + updateTerms(p),
  reference: (p, inputs) => {
    const { gradients, weights: before } = prepared(p, inputs);
    const step = gradients.map((g) => (inputs.rate[0] as number) * g);
    const velocity = inputs.velocity.map((value, i) => p.momentum * value - (step[i] as number));
    const weights = before.map((value, i) => {
      const u = velocity[i] as number;
      return value + (p.nesterov ? p.momentum * u - (step[i] as number) : u);
    });
    return held({ velocity, weights }, inputs, p.end);
  },
  magnitudes: (p, inputs) => {
    const { gradients, weightMagnitudes } = prepared(p, inputs);
    const step = gradients.map((g) => Math.abs((inputs.rate[0] as number) * g));
    const velocity = inputs.velocity.map((value, i) => p.momentum * Math.abs(value) + (step[i] as number));
    const weights = weightMagnitudes.map((size, i) => {
      const u = velocity[i] as number;
      return size + (p.nesterov ? p.momentum * u + (step[i] as number) : u);
    });
    return { velocity, weights };
  },
  cases: [
    ...LENGTHS.flatMap((n) => [false, true].map((nesterov) => ({ length: n, momentum: 0.9, nesterov }))),
    ...PREPARATIONS.map((before) => ({ length: 209, momentum: 0.9, nesterov: true, ...before })),
  ],
});
