/**
 * Smooth activation functions and their gradients, a thread an element:
 *
 *   y = f(x)        dX = dY · f′(x)
 *
 * The functions are a table (`functions.ts`). x and y are float32 or float16, gradients float32. Rectifiers are kernels
 * of their own (`elementwise/`): their gradient is told from y, and they join the product before them.
 * A value of x that is not finite gives NaN, so that a function which ends at 1 does not hide it.
 * Timed by `pnpm anke bench kernels --filter activation`.
 */
import { FINITE_WGSL } from '../finite/faults.js';
import { type Binding, bindingBytes, defineKernel, EPSILON } from '../runtime/kernel.js';
import { constants, flatGrid, flatRow } from '../runtime/wgsl.js';
import { type Activation, type ActivationRule, activationRule } from './functions.js';

export interface ActivationParams {
  readonly length: number;
  readonly activation: Activation;
}

const length = (p: ActivationParams): number => p.length;
/** From values near 0 to those where a function has long ended. */
const x = {
  access: 'read',
  type: 'f32',
  length,
  sample: (_, draw, i) => draw.normal() * ([0.02, 1, 4, 30, 1e4][i % 5] as number),
} as const satisfies Binding<ActivationParams>;
const written = { access: 'write', type: 'f32', length } as const satisfies Binding<ActivationParams>;

/** Floating-point operations of an exponential, a quotient and a few products, about. */
const OPERATIONS = 24;

const wgsl = (p: ActivationParams, store: string): string => `
${constants({ LENGTH: p.length, ROW: flatRow(p.length) })}
${FINITE_WGSL}
${activationRule(p.activation).wgsl}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i >= LENGTH) { return; }
  ${store}
}`;

/** What is less than the least normal number may be lost on the way, eight times, and be multiplied by x³ at most. */
const lost = (value: number): number => (8 * 2 ** -126 * (1 + Math.min(Math.abs(value), 104)) ** 3) / EPSILON;

/** The least magnitude, for each x, of what a rule rounds. */
const rounded = (values: Float64Array, roundings: (x: number) => number): Float64Array =>
  values.map((value) => roundings(value) + lost(value));

const lengths = [1, 3, 33, 64, 65, 129, 2000, 32 * 26 * 26 * 32];
const ACTIVATIONS: readonly Activation[] = [
  { type: 'elu', alpha: 1 },
  { type: 'elu', alpha: 0.3 },
  { type: 'gelu' },
  { type: 'geluTanh' },
  { type: 'sigmoid' },
  { type: 'silu' },
  { type: 'softplus' },
  { type: 'tanh' },
];
/** Each function at 2,000 elements, so that none lacks a kind of value, and each length. */
const cases: readonly ActivationParams[] = [
  ...ACTIVATIONS.map((activation) => ({ length: 2000, activation })),
  ...lengths.map((n, i) => ({ length: n, activation: ACTIVATIONS[i % ACTIVATIONS.length] as Activation })),
];

const forwardBindings = { x, y: written };

export const activationForward = defineKernel<ActivationParams, keyof typeof forwardBindings>({
  name: 'activation/forward',
  bindings: forwardBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(p.length),
      wgsl: (p) =>
        wgsl(
          p,
          `let input = f32(x[i]);
  // The bits of NaN where x is not finite, else 0.
  let broken = select(0x7fc00000u, 0u, isFinite(input));
  y[i] = y_t(bitcast<f32>(bitcast<u32>(value(input)) | broken));`,
        ),
    },
  },
  cost: (p) => ({ flops: OPERATIONS * p.length, bytes: bindingBytes(forwardBindings, p) }),
  // Counted in the magnitudes: how many roundings there are depends on x.
  terms: () => 1,
  reference: ({ activation }, inputs) => ({ y: values(activationRule(activation), inputs.x) }),
  magnitudes({ activation }, inputs) {
    const rule = activationRule(activation);
    return { y: rounded(inputs.x, (at) => rule.valueRoundings(at)) };
  },
  cases,
});

const values = (rule: ActivationRule, x: Float64Array): Float64Array =>
  x.map((value) => (Number.isFinite(Math.fround(value)) ? rule.value(value) : Number.NaN));

const backwardBindings = { x, dY: { access: 'read', type: 'f32', length }, dX: written } as const;

export const activationBackward = defineKernel<ActivationParams, keyof typeof backwardBindings>({
  name: 'activation/backward',
  bindings: backwardBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(p.length),
      wgsl: (p) => wgsl(p, 'dX[i] = dY[i] * slope(f32(x[i]));'),
    },
  },
  cost: (p) => ({ flops: OPERATIONS * p.length, bytes: bindingBytes(backwardBindings, p) }),
  // Counted in the magnitudes, as above.
  terms: () => 1,
  reference({ activation }, inputs) {
    const rule = activationRule(activation);
    return { dX: inputs.x.map((value, i) => (inputs.dY[i] as number) * rule.slope(value)) };
  },
  magnitudes({ activation }, inputs) {
    const rule = activationRule(activation);
    const slopes = rounded(inputs.x, (at) => rule.slopeRoundings(at) + Math.abs(rule.slope(at)));
    return { dX: slopes.map((size, i) => size * Math.abs(inputs.dY[i] as number)) };
  },
  cases,
});
