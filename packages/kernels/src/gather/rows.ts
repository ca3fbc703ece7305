/**
 * gather/rows: takes a batch of rows of numbers out of an array of them that lies on the device, by row number, as
 * `gather` takes the images and labels that they belong to: targets, and factors in the loss.
 *
 *   Y[b, j] = values[row, j]       row = order[index · stride + b]
 *
 * A thread a number. Timed by `pnpm anke bench kernels --filter gather/rows`.
 */
import { COUNTER } from '../finite/faults.js';
import { type Binding, defineKernel } from '../runtime/kernel.js';
import { constants, flatGrid, flatRow } from '../runtime/wgsl.js';
import { type GatherParams, gather } from './gather.js';

/** `rowLength` counts numbers. */
export type GatherRowsParams = Omit<GatherParams, 'factor' | 'offset' | 'floats'>;

const outputs = (p: GatherRowsParams): number => p.batch * p.rowLength;
const { order, counters } = gather.bindings;

const bindings = {
  values: { access: 'read', type: 'f32', length: (p: GatherRowsParams) => p.rows * p.rowLength },
  order: order as Binding<GatherRowsParams>,
  counters: counters as Binding<GatherRowsParams>,
  y: { access: 'write', type: 'f32', length: outputs },
} as const satisfies Record<string, Binding<GatherRowsParams>>;

export const gatherRows = defineKernel<GatherRowsParams, keyof typeof bindings>({
  name: 'gather/rows',
  bindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(outputs(p)),
      wgsl: (p) => `
${constants({
  ROW_LENGTH: p.rowLength,
  STRIDE: p.stride,
  NUMBERS: outputs(p),
  ROW: flatRow(outputs(p)),
  INDEX: COUNTER.index,
})}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i >= NUMBERS) { return; }
  let row = order[counters[INDEX] * STRIDE + i / ROW_LENGTH];
  y[i] = values[row * ROW_LENGTH + i % ROW_LENGTH];
}`,
    },
  },
  // It reads one batch of the array, not all of it.
  cost: (p) => ({ flops: 0, bytes: outputs(p) * 8 + p.batch * 4 }),
  terms: () => 0,
  reference: (p, inputs) => {
    const first = (inputs.counters[COUNTER.index] as number) * p.stride;
    return {
      y: Float64Array.from({ length: outputs(p) }, (_, i) => {
        const row = inputs.order[first + Math.floor(i / p.rowLength)] as number;
        return inputs.values[row * p.rowLength + (i % p.rowLength)] as number;
      }),
    };
  },
  magnitudes(p, inputs) {
    return this.reference(p, inputs);
  },
  cases: [
    { batch: 1, rows: 1, rowLength: 1, stride: 1 },
    { batch: 7, rows: 33, rowLength: 1, stride: 8 },
    { batch: 3, rows: 10, rowLength: 7, stride: 3 },
    { batch: 33, rows: 129, rowLength: 65, stride: 33 },
  ],
});
