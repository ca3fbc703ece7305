/**
 * conv2d backward data for software GPUs, of 1 × 1 kernels with a stride of 1: dX = finish(dY · Wᵀ), a pixel a row.
 *
 * How the work is spread: pointwise.ts. Timed by
 * `pnpm anke bench kernels --filter conv2d/backward-data --variant pointwise`.
 */
import type { Variant } from '../../runtime/kernel.js';
import { constants, subgroupEntryPoint } from '../../runtime/wgsl.js';
import { isPointwise, type ProductSides, pixels, pointwiseGrid, pointwiseWgsl, suitsPointwise } from '../pointwise.js';
import { type Conv2dBackwardDataParams, finishWgsl } from './params.js';

const sides = (p: Conv2dBackwardDataParams): ProductSides => ({ rows: pixels(p), columns: p.inChannels });

export const pointwise: Variant<Conv2dBackwardDataParams> = {
  subgroups: true,
  available: isPointwise,
  suits: suitsPointwise,
  sizes: (p) => ({ ...sides(p), terms: p.outChannels }),
  grid: (p, { subgroupSize }) => pointwiseGrid(sides(p), subgroupSize),
  wgsl: (p, { subgroupSize: lanes, pinsSubgroups }) => `
${constants({ LANES: lanes })}
${finishWgsl(p)}

${subgroupEntryPoint(pinsSubgroups)}
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let rows = sizes.rows;
  let columns = sizes.columns;
  let terms = sizes.terms;
${pointwiseWgsl(sides(p), lanes, {
  terms: ['0u', 'terms'],
  left: (row) => `dY[${row} * terms + term]`,
  right: (column) => `w[${column} * terms + term]`,
  write: 'let i = row * columns + column; dX[i] = finish(sum, i);',
})}
}`,
};
