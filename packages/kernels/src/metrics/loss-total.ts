/**
 * Adds a batch's loss to the epoch's sums, where nothing else is counted by class: totals += (loss · rows, 0, rows).
 * The loss is weighted by the samples of its batch, as Keras weights its running mean. One that is not finite is
 * counted. A single thread. Timed by `pnpm anke bench kernels --filter metrics`.
 */
import { COUNTERS_WGSL, FINITE_WGSL, notFinite, withFaults } from '../finite/faults.js';
import { absolute, type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { constants } from '../runtime/wgsl.js';
import type { RowCountParams } from './counts.js';
import { epochTotals } from './metrics.js';

const { loss, totals, counters } = epochTotals.bindings;
const bindings = { loss, totals, counters } as unknown as Record<
  'loss' | 'totals' | 'counters',
  Binding<RowCountParams>
>;

export const lossTotal = defineKernel<RowCountParams, keyof typeof bindings>({
  name: 'metrics/loss-total',
  bindings,
  variants: {
    plain: {
      available: () => true,
      grid: () => [1, 1, 1],
      wgsl: (p) => `
${constants({ ROWS: p.rows })}
${COUNTERS_WGSL}
${FINITE_WGSL}

@compute @workgroup_size(1)
fn main() {
  totals[0] += loss[0] * f32(ROWS);
  totals[2] += f32(ROWS);
  let found = select(1u, 0u, isFinite(loss[0])) + counters[HELD];
  if (counters[FAULTS] == 0u) { counters[FAULTS] = found; }
}`,
    },
  },
  cost: (p) => ({ flops: 2, bytes: bindingBytes(bindings, p) }),
  terms: () => 2,
  reference: (p, inputs) => {
    const [lossSum = 0, other = 0, samples = 0] = inputs.totals;
    return {
      totals: Float64Array.of(lossSum + (inputs.loss[0] as number) * p.rows, other, samples + p.rows),
      counters: withFaults(inputs.counters, notFinite(inputs.loss)),
    };
  },
  magnitudes(p, inputs) {
    return this.reference(p, absolute(inputs));
  },
  cases: [{ rows: 1 }, { rows: 32 }, { rows: 1025 }],
});
