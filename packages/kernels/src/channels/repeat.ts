/**
 * Repeats each element: grey images, with one channel, become images with `times` equal channels. And its gradient.
 *
 *   Y[i, t] = X[i]        dX[i] = Σ_t dY[i, t]        for t < times
 *
 * X and dX (length), Y and dY (length, times); X and Y are float32 or float16, gradients float32. A thread an element
 * that is written.
 * Timed by `pnpm anke bench kernels --filter channels/repeat`.
 */
import { absolute, type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { constants, flatGrid, flatRow } from '../runtime/wgsl.js';

export interface RepeatParams {
  /** Elements of X. */
  readonly length: number;
  readonly times: number;
}

const length = (p: RepeatParams): number => p.length;
const repeated = (p: RepeatParams): number => p.length * p.times;

const cases: readonly RepeatParams[] = [
  { length: 1, times: 1 },
  { length: 1, times: 3 },
  { length: 33, times: 7 },
  { length: 65, times: 1 },
  { length: 129, times: 3 },
  { length: 32 * 28 * 28, times: 3 },
];

const forwardBindings = {
  x: { access: 'read', type: 'f32', length },
  y: { access: 'write', type: 'f32', length: repeated },
} as const satisfies Record<string, Binding<RepeatParams>>;

export const repeatChannel = defineKernel<RepeatParams, keyof typeof forwardBindings>({
  name: 'channels/repeat-forward',
  bindings: forwardBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(repeated(p)),
      wgsl: (p) => `
${constants({ TIMES: p.times, OUTPUTS: repeated(p), ROW: flatRow(repeated(p)) })}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= OUTPUTS) { return; }
  y[index] = y_t(f32(x[index / TIMES]));
}`,
    },
  },
  cost: (p) => ({ flops: 0, bytes: bindingBytes(forwardBindings, p) }),
  terms: () => 0,
  reference: (p, { x }) => ({ y: repeatReference(p, x) }),
  magnitudes(p, inputs) {
    return this.reference(p, inputs);
  },
  cases,
});

/** Each element `times` times. */
export const repeatReference = (p: RepeatParams, x: Float64Array): Float64Array =>
  new Float64Array(repeated(p)).map((_, i) => x[Math.floor(i / p.times)] as number);

const backwardBindings = {
  dY: { access: 'read', type: 'f32', length: repeated },
  dX: { access: 'write', type: 'f32', length },
} as const satisfies Record<string, Binding<RepeatParams>>;

export const repeatChannelBackward = defineKernel<RepeatParams, keyof typeof backwardBindings>({
  name: 'channels/repeat-backward',
  bindings: backwardBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(p.length),
      wgsl: (p) => `
${constants({ TIMES: p.times, LENGTH: p.length, ROW: flatRow(p.length) })}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= LENGTH) { return; }
  var sum = 0.0;
  for (var t = 0u; t < TIMES; t++) { sum += dY[index * TIMES + t]; }
  dX[index] = sum;
}`,
    },
  },
  cost: (p) => ({ flops: repeated(p), bytes: bindingBytes(backwardBindings, p) }),
  terms: (p) => p.times,
  reference: (p, { dY }) => {
    const dX = new Float64Array(p.length);
    dY.forEach((gradient, i) => {
      const index = Math.floor(i / p.times);
      dX[index] = (dX[index] as number) + gradient;
    });
    return { dX };
  },
  magnitudes(p, inputs) {
    return this.reference(p, absolute(inputs));
  },
  cases,
});
