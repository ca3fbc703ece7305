/** The step from one training step to the next. Timed by `pnpm anke bench kernels --filter optimizer`. */
import { type Binding, bindingBytes, constants, defineKernel } from '../runtime/kernel.js';

export interface AdvanceParams {
  readonly beta1: number;
  readonly beta2: number;
}

const advanceBindings = {
  /** The step's number, counted from 0; then its place in the epoch. */
  counters: { access: 'update', type: 'u32', length: () => 2, sample: (_, draw) => draw.integer(1000) },
  /** 1 − β₁ᵗ and 1 − β₂ᵗ. */
  corrections: { access: 'update', type: 'f32', length: () => 2, sample: (_, draw) => draw.uniform() },
} as const satisfies Record<string, Binding<AdvanceParams>>;

/**
 * Moves to the next step: counts it, and brings Adam's bias corrections forward by c ← c + (1 − c)·(1 − β), which starts
 * at 0 and gives 1 − βᵗ without the cancellation that 1 − βᵗ has for small t.
 */
export const advance = defineKernel<AdvanceParams, keyof typeof advanceBindings>({
  name: 'optimizer/advance',
  bindings: advanceBindings,
  variants: {
    plain: {
      available: () => true,
      grid: () => [1, 1, 1],
      wgsl: (p) => `
${constants({ ONE_MINUS_BETA1: { f32: 1 - p.beta1 }, ONE_MINUS_BETA2: { f32: 1 - p.beta2 } })}
@group(0) @binding(0) var<storage, read_write> counters: array<u32>;
@group(0) @binding(1) var<storage, read_write> corrections: array<f32>;

@compute @workgroup_size(1)
fn main() {
  counters[0] += 1u;
  counters[1] += 1u;
  corrections[0] = fma(1.0 - corrections[0], ONE_MINUS_BETA1, corrections[0]);
  corrections[1] = fma(1.0 - corrections[1], ONE_MINUS_BETA2, corrections[1]);
}`,
    },
  },
  cost: (p) => ({ flops: 6, bytes: bindingBytes(advanceBindings, p) }),
  terms: () => 4,
  reference: (p, { counters, corrections }) => {
    const [c1 = 0, c2 = 0] = corrections;
    return {
      counters: counters.map((value) => value + 1),
      corrections: Float64Array.of(c1 + (1 - c1) * (1 - p.beta1), c2 + (1 - c2) * (1 - p.beta2)),
    };
  },
  cases: [
    { beta1: 0.9, beta2: 0.999 },
    { beta1: 0, beta2: 0.5 },
  ],
});
