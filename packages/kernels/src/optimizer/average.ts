/**
 * A moving average of the weights behind each update, which may be put in their place now and then, as Keras's base
 * optimizer has it with `use_ema` (keras/src/optimizers/base_optimizer.py; Polyak and Juditsky, 1992):
 *
 *   a ← m · a + (1 − m) · w, and in the first step a ← w;      w ← a in every N-th step
 *
 * Float32, a thread a weight. Timed by `pnpm anke bench kernels --filter optimizer`.
 */
import { COUNTER, COUNTERS_WGSL, counters } from '../finite/faults.js';
import { type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { constants, flatGrid, flatRow } from '../runtime/wgsl.js';
import { LENGTHS, length } from './flat.js';
import { ITERATION_WGSL, iterationOf, iterations } from './schedule.js';

export interface AverageParams {
  readonly length: number;
  readonly momentum: number;
  /** Steps after which the weights become their averages, again and again; never if absent. */
  readonly every?: number;
}

const bindings = {
  /** Those that are done, with this one. */
  iterations: { ...iterations, access: 'read', sample: (p, _, index) => (index === 0 ? 1 + (p.length % 3) : 0) },
  weights: { access: 'update', type: 'f32', length },
  average: { access: 'update', type: 'f32', length },
  counters: { ...counters, access: 'read' },
} as const satisfies Record<string, Binding<AverageParams>>;

export const average = defineKernel<AverageParams, keyof typeof bindings>({
  name: 'optimizer/average',
  bindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(p.length),
      wgsl: (p) => `
${constants({
  LENGTH: p.length,
  ROW: flatRow(p.length),
  MOMENTUM: { f32: p.momentum },
  ONE_MINUS_MOMENTUM: { f32: 1 - p.momentum },
  EVERY: p.every ?? 0,
})}
${COUNTERS_WGSL}
${ITERATION_WGSL}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i >= LENGTH || counters[FAULTS] > 0u) { return; }
  let done = iteration();
  let w = weights[i];
  let a = select(fma(MOMENTUM, average[i], ONE_MINUS_MOMENTUM * w), w, done == 1u);
  average[i] = a;
${p.every === undefined ? '' : '  if (done % EVERY == 0u) { weights[i] = a; }'}
}`,
    },
  },
  cost: (p) => ({ flops: 3 * p.length, bytes: bindingBytes(bindings, p) }),
  terms: () => 4,
  reference: (p, inputs) => {
    const { weights, average: before } = inputs;
    if ((inputs.counters[COUNTER.faults] as number) > 0) return { weights, average: before };
    const done = iterationOf(inputs.iterations);
    const after = weights.map((w, i) => (done === 1 ? w : p.momentum * (before[i] as number) + (1 - p.momentum) * w));
    return { weights: p.every !== undefined && done % p.every === 0 ? after : weights, average: after };
  },
  magnitudes: (p, { weights, average: before }) => {
    const sizes = weights.map((w, i) => Math.abs(w) + p.momentum * Math.abs(before[i] as number));
    return { weights: sizes, average: sizes };
  },
  cases: LENGTHS.flatMap((n) => [
    { length: n, momentum: 0.99 },
    { length: n, momentum: 0.5, every: 1 },
    { length: n, momentum: 0.9, every: 2 },
  ]),
});
