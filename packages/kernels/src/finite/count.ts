/**
 * Finds values that are not finite: how many there are, and the first of them. Float32; the values may be stored as 16
 * bits. The text is the same for all lengths, so that one shader serves all buffers of a model.
 * Timed by `pnpm anke bench kernels --filter finite`.
 */
import { type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { flatGrid } from '../runtime/wgsl.js';
import { FINITE_WGSL, notFinite } from './faults.js';

export interface CountParams {
  readonly length: number;
}

/** The largest u32. An index i is noted as `LAST - i`, so that the first one is the largest note, and 0 is none. */
const LAST = 0xffffffff;

/** Elements of one thread: on a CPU, starting a workgroup costs as much as reading some dozens. */
const RUN = 16;

const bindings = {
  x: { access: 'read', type: 'f32', length: (p: CountParams) => p.length },
  /** Values that are not finite; then the note of the first of them, or 0. */
  found: { access: 'update', type: 'u32', atomic: true, length: () => 2, sample: () => 0 },
} as const satisfies Record<string, Binding<CountParams>>;

/** found = (number of values that are not finite, note of the first); a workgroup a stretch of 64 · RUN. */
export const countNotFinite = defineKernel<CountParams, keyof typeof bindings>({
  name: 'finite/count',
  bindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(p.length, 64 * RUN),
      wgsl: () => `
const RUN = ${RUN}u;
const LAST = ${LAST}u;
${FINITE_WGSL}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let first = (group.y * groups.x + group.x) * 64u * RUN + thread;
  for (var k = 0u; k < RUN; k++) {
    let i = first + k * 64u;
    if (i < arrayLength(&x) && !isFinite(f32(x[i]))) {
      atomicAdd(&found[0], 1u);
      atomicMax(&found[1], LAST - i);
    }
  }
}`,
    },
  },
  cost: (p) => ({ flops: 0, bytes: bindingBytes(bindings, p) }),
  terms: () => 0,
  reference: (_, { x, found }) => {
    const first = x.findIndex((value) => !Number.isFinite(Math.fround(value)));
    const [count = 0, note = 0] = found;
    return { found: Float64Array.of(count + notFinite(x), Math.max(note, first < 0 ? 0 : LAST - first)) };
  },
  magnitudes: () => ({}),
  cases: [{ length: 1 }, { length: 65 }, { length: 1026 }, { length: 65535 * 64 + 7 }],
});

/** What the kernel found, as numbers; undefined where all is finite. */
export interface NotFinite {
  readonly count: number;
  /** The index of the first. */
  readonly first: number;
}

/** Reads what the kernel has written to `found`. */
export function notFiniteOf([count = 0, note = 0]: Uint32Array): NotFinite | undefined {
  return count === 0 ? undefined : { count, first: LAST - note };
}
