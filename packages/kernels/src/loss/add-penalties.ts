/**
 * loss = mean + Σ penalties: the mean loss of a batch and the parts in which the penalty on the weights was left, added
 * by a single thread. Timed by `pnpm anke bench kernels --filter loss`.
 */
import { absolute, type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { constants, opaque } from '../runtime/wgsl.js';

export interface AddPenaltiesParams {
  /** Number of parts. */
  readonly penalties: number;
}

const bindings = {
  mean: { access: 'read', type: 'f32', length: () => 1 },
  penalties: { access: 'read', type: 'f32', length: (p: AddPenaltiesParams) => p.penalties },
  loss: { access: 'write', type: 'f32', length: () => 1 },
} as const satisfies Record<string, Binding<AddPenaltiesParams>>;

export const addPenalties = defineKernel<AddPenaltiesParams, keyof typeof bindings>({
  name: 'loss/add-penalties',
  bindings,
  variants: {
    plain: {
      available: () => true,
      grid: () => [1, 1, 1],
      wgsl: (p) => `
${constants({ PENALTIES: p.penalties })}

@compute @workgroup_size(1)
fn main() {
  var sum = mean[0];
  for (var i = 0u; i < ${opaque('PENALTIES', 'penalties')}; i++) { sum += penalties[i]; }
  loss[0] = sum;
}`,
    },
  },
  cost: (p) => ({ flops: p.penalties, bytes: bindingBytes(bindings, p) }),
  terms: (p) => p.penalties,
  reference: (_, { mean, penalties }) => ({
    loss: Float64Array.of(penalties.reduce((sum, part) => sum + part, mean[0] as number)),
  }),
  magnitudes(p, inputs) {
    return this.reference(p, absolute(inputs));
  },
  cases: [{ penalties: 1 }, { penalties: 3 }, { penalties: 32 }],
});
