/**
 * conv2d backward weights for software GPUs, of 1 × 1 kernels with a stride of 1: dW = Xᵀ · dY, summed over the pixels.
 *
 * How the work is spread: pointwise.ts. Timed by
 * `pnpm anke bench kernels --filter conv2d/backward-weights --variant pointwise` (`pointwiseSplit`).
 */
import type { Variant } from '../../runtime/kernel.js';
import { constants, subgroupEntryPoint } from '../../runtime/wgsl.js';
import { isPointwise, type ProductSides, pixels, pointwiseGrid, pointwiseWgsl, suitsPointwise } from '../pointwise.js';
import { rowsPerSplit, type SplitParams } from './params.js';

const sides = (p: SplitParams): ProductSides => ({ rows: p.inChannels, columns: p.outChannels });

export const pointwise: Variant<SplitParams> = {
  subgroups: true,
  available: isPointwise,
  suits: suitsPointwise,
  sizes: (p) => ({ ...sides(p), pixels: pixels(p), pixelsPerSplit: rowsPerSplit(p) * p.outWidth }),
  grid: (p, { subgroupSize }) => pointwiseGrid(sides(p), subgroupSize, p.splits),
  wgsl: (p, { subgroupSize: lanes, pinsSubgroups }) => `
${constants({ LANES: lanes })}

${subgroupEntryPoint(pinsSubgroups)}
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let rows = sizes.rows;
  let columns = sizes.columns;
${pointwiseWgsl(sides(p), lanes, {
  terms: ['part * sizes.pixelsPerSplit', 'min((part + 1u) * sizes.pixelsPerSplit, sizes.pixels)'],
  left: (row) => `f32(x[term * rows + ${row}])`,
  right: (column) => `dY[term * columns + ${column}]`,
  write: 'writeWeight((part * rows + row) * columns + column, sum);',
  writeColumnSum: p.bias ? 'writeBias(part * columns + column, sum);' : undefined,
})}
}`,
};
