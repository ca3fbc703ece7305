/**
 * Counts activations that 16 bits could not hold: what lies beyond ±65,504 is stored as the nearest value in that range
 * (`runtime/wgsl.ts`), so they are those at its ends. A pass adds a count behind each dispatch that stores 16-bit
 * values, when all fusion is done, so that what is counted is what is stored; with float32 it adds nothing.
 * Timed by `pnpm anke bench kernels --filter finite/clamped`.
 */
import { checkedDispatch, type Dispatch } from '../runtime/dispatch.js';
import { type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import type { Storage } from '../runtime/storage.js';
import { constants, flatGrid, LARGEST_F16 } from '../runtime/wgsl.js';
import type { CountParams } from './count.js';
import { COUNTER, COUNTERS_WGSL, counters } from './faults.js';

/** Elements of one thread: on a CPU, starting a workgroup costs as much as reading some dozens. */
const RUN = 16;
/** The count goes no further than about here, rather than begin again at 0. */
const MOST = 2 ** 31;

const bindings = {
  // Half of the samples are at the ends.
  x: {
    access: 'read',
    type: 'f32',
    length: (p: CountParams) => p.length,
    sample: (_, draw) => Math.max(-LARGEST_F16, Math.min(LARGEST_F16, draw.normal() * LARGEST_F16 * 1.5)),
  },
  counters: { ...counters, atomic: true },
} as const satisfies Record<string, Binding<CountParams>>;

/** clamped += number of elements at the ends of float16's range; a workgroup a stretch of 64 · RUN. */
export const countClamped = defineKernel<CountParams, keyof typeof bindings>({
  name: 'finite/clamped',
  bindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(p.length, 64 * RUN),
      wgsl: (p) => `
${constants({ LENGTH: p.length, RUN, MOST, LARGEST: { f32: LARGEST_F16 } })}
${COUNTERS_WGSL}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let first = (group.y * groups.x + group.x) * 64u * RUN + thread;
  var count = 0u;
  for (var k = 0u; k < RUN; k++) {
    let i = first + k * 64u;
    if (i < LENGTH && abs(f32(x[i])) == LARGEST) { count++; }
  }
  if (count > 0u && atomicLoad(&counters[CLAMPED]) < MOST) { atomicAdd(&counters[CLAMPED], count); }
}`,
    },
  },
  cost: (p) => ({ flops: 0, bytes: bindingBytes(bindings, p) }),
  terms: () => 0,
  reference: (_, inputs) => {
    const after = inputs.counters.slice();
    const found = inputs.x.reduce((sum, value) => sum + (Math.abs(value) === LARGEST_F16 ? 1 : 0), 0);
    after[COUNTER.clamped] = (after[COUNTER.clamped] as number) + found;
    return { counters: after };
  },
  magnitudes: () => ({}),
  cases: [{ length: 1 }, { length: 65 }, { length: 1027 }, { length: 65535 * 64 + 7 }],
});

/** The dispatches of a step, with a count behind each that stores 16-bit values. */
export function countingClamped(dispatches: readonly Dispatch[], counters: Storage): readonly Dispatch[] {
  return dispatches.flatMap((dispatch) => {
    const { kernel, params, bindings } = dispatch;
    const counts = Object.entries(bindings).flatMap(([name, x]) => {
      const binding = kernel.bindings[name];
      if (!binding || binding.access === 'read' || x.type !== 'f16') return [];
      return [checkedDispatch(countClamped, { length: binding.length(params) }, { x, counters })];
    });
    return [dispatch, ...counts];
  });
}
