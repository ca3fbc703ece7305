/** Counts training steps on the device. Timed by `pnpm anke bench kernels --filter optimizer`. */
import { type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';

/** The step's number, counted from 0; then its index in the epoch; then the seed, which stays. */
export const counters = {
  access: 'update',
  type: 'u32',
  length: () => 3,
  sample: (_, draw) => draw.integer(1000),
} as const satisfies Binding<object>;

const bindings = { counters };

/** It has no parameters. */
export type AdvanceParams = Readonly<Record<string, never>>;

/** Moves to the next step. The last dispatch of a step: until then, all that is random draws with the same count. */
export const advance = defineKernel<AdvanceParams, keyof typeof bindings>({
  name: 'optimizer/advance',
  bindings,
  variants: {
    plain: {
      available: () => true,
      grid: () => [1, 1, 1],
      wgsl: () => `
@compute @workgroup_size(1)
fn main() {
  counters[0] += 1u;
  counters[1] += 1u;
}`,
    },
  },
  cost: (p) => ({ flops: 2, bytes: bindingBytes(bindings, p) }),
  terms: () => 0,
  reference: (_, inputs) => ({ counters: inputs.counters.map((value, i) => (i < 2 ? value + 1 : value)) }),
  magnitudes: () => ({}),
  cases: [{}],
});
