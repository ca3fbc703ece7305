/**
 * One channel repeated (grayscale to RGB), and its gradient.
 *
 *   Y[i, k] = X[i] for k < times        dX[i] = Σ_k dY[i, k]
 *
 * A thread an element that is written. Timed by `pnpm anke bench kernels --filter channels/repeat`.
 */
import { type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { constants, flatGrid, flatRow } from '../runtime/wgsl.js';

export interface RepeatParams {
  /** Elements of what is repeated. */
  readonly length: number;
  readonly times: number;
}

const wide = (p: RepeatParams): number => p.length * p.times;
const cases: readonly RepeatParams[] = [
  { length: 1, times: 3 },
  { length: 65, times: 1 },
  { length: 129, times: 7 },
  { length: 16 * 28 * 28, times: 3 },
];

const forwardBindings = {
  x: { access: 'read', type: 'f32', length: (p: RepeatParams) => p.length },
  y: { access: 'write', type: 'f32', length: wide },
} as const satisfies Record<string, Binding<RepeatParams>>;

export const repeatChannel = defineKernel<RepeatParams, keyof typeof forwardBindings>({
  name: 'channels/repeat-forward',
  bindings: forwardBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(wide(p)),
      wgsl: (p) => `
${constants({ OUTPUTS: wide(p), TIMES: p.times, ROW: flatRow(wide(p)) })}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i >= OUTPUTS) { return; }
  y[i] = y_t(f32(x[i / TIMES]));
}`,
    },
  },
  cost: (p) => ({ flops: 0, bytes: bindingBytes(forwardBindings, p) }),
  terms: () => 0,
  reference: (p, { x }) => ({ y: new Float64Array(wide(p)).map((_, i) => x[Math.floor(i / p.times)] as number) }),
  cases,
});

const backwardBindings = {
  dY: { access: 'read', type: 'f32', length: wide },
  dX: { access: 'write', type: 'f32', length: (p: RepeatParams) => p.length },
} as const satisfies Record<string, Binding<RepeatParams>>;

export const repeatChannelBackward = defineKernel<RepeatParams, keyof typeof backwardBindings>({
  name: 'channels/repeat-backward',
  bindings: backwardBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(p.length),
      wgsl: (p) => `
${constants({ LENGTH: p.length, TIMES: p.times, ROW: flatRow(p.length) })}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i >= LENGTH) { return; }
  var sum = 0.0;
  for (var k = 0u; k < TIMES; k++) { sum += dY[i * TIMES + k]; }
  dX[i] = sum;
}`,
    },
  },
  cost: (p) => ({ flops: wide(p), bytes: bindingBytes(backwardBindings, p) }),
  terms: (p) => p.times,
  reference: (p, { dY }) => ({
    dX: new Float64Array(p.length).map((_, i) =>
      dY.subarray(i * p.times, (i + 1) * p.times).reduce((a, b) => a + b, 0),
    ),
  }),
  cases,
});
