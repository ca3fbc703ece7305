/**
 * Finds values that are not finite: how many there are, and the first of them. Float32; the values may be stored as 16
 * bits. Timed by `pnpm anke bench kernels --filter finite`.
 */
import { type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { constants, flatGrid } from '../runtime/wgsl.js';
import { FINITE_WGSL, notFinite } from './faults.js';

export interface CountParams {
  readonly length: number;
}

/** Elements of one thread: on a CPU, starting a workgroup costs as much as reading some dozens. */
const RUN = 16;
const threadsOf = (p: CountParams): number => Math.ceil(p.length / (64 * RUN)) * 64;

const bindings = {
  x: { access: 'read', type: 'f32', length: (p: CountParams) => p.length },
  /** Values that are not finite; then the length minus the index of the first of them, or 0. Both are added to. */
  found: { access: 'update', type: 'u32', atomic: true, length: () => 2, sample: () => 0 },
} as const satisfies Record<string, Binding<CountParams>>;

/** found = (number of values that are not finite, length − index of the first); a workgroup a stretch of 64 · RUN. */
export const countNotFinite = defineKernel<CountParams, keyof typeof bindings>({
  name: 'finite/count',
  bindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(threadsOf(p)),
      wgsl: (p) => `
${constants({ LENGTH: p.length, RUN, GROUPS: flatGrid(threadsOf(p))[0] })}
${FINITE_WGSL}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let first = (group.y * GROUPS + group.x) * 64u * RUN + thread;
  for (var k = 0u; k < RUN; k++) {
    let i = first + k * 64u;
    if (i < LENGTH && !isFinite(f32(x[i]))) {
      atomicAdd(&found[0], 1u);
      atomicMax(&found[1], LENGTH - i);
    }
  }
}`,
    },
  },
  cost: (p) => ({ flops: 0, bytes: bindingBytes(bindings, p) }),
  terms: () => 0,
  reference: (p, { x, found }) => {
    const first = x.findIndex((value) => !Number.isFinite(value));
    const [count = 0, end = 0] = found;
    return { found: Float64Array.of(count + notFinite(x), Math.max(end, first < 0 ? 0 : p.length - first)) };
  },
  cases: [{ length: 1 }, { length: 65 }, { length: 1025 }, { length: 65535 * 64 + 7 }],
});
