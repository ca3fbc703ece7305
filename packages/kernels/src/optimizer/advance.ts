/** Counts training steps on the device. Timed by `pnpm anke bench kernels --filter optimizer`. */
import { COUNTER, COUNTERS_WGSL, counters } from '../finite/faults.js';
import { bindingBytes, defineKernel } from '../runtime/kernel.js';

const bindings = { counters };

/** It has no parameters. */
export type AdvanceParams = Readonly<Record<string, never>>;

/**
 * Moves to the next step, unless values were found that are not finite. All that is random in a step stands before it,
 * and so draws with the same count.
 */
export const advance = defineKernel<AdvanceParams, keyof typeof bindings>({
  name: 'optimizer/advance',
  bindings,
  variants: {
    plain: {
      available: () => true,
      grid: () => [1, 1, 1],
      wgsl: () => `
${COUNTERS_WGSL}

@compute @workgroup_size(1)
fn main() {
  if (counters[FAULTS] > 0u) { return; }
  counters[STEP] += 1u;
  counters[INDEX] += 1u;
}`,
    },
  },
  cost: (p) => ({ flops: 2, bytes: bindingBytes(bindings, p) }),
  terms: () => 0,
  reference: (_, inputs) => ({ counters: advanced(inputs.counters) }),
  magnitudes: () => ({}),
  cases: [{}],
});

/** The counters of the next step. */
export const advanced = (before: Float64Array): Float64Array =>
  before[COUNTER.faults] === 0
    ? before.map((value, i) => (i === COUNTER.step || i === COUNTER.index ? value + 1 : value))
    : before;
