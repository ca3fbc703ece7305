/**
 * conv2d forward for software GPUs, of 1 × 1 kernels with a stride of 1: Y = finish(X · W + bias), a pixel a row.
 *
 * How the work is spread: pointwise.ts. Timed by `pnpm anke bench kernels --filter conv2d/forward --variant pointwise`.
 */
import { epilogueWgsl } from '../../epilogue/epilogue.js';
import type { Variant } from '../../runtime/kernel.js';
import { constants, subgroupEntryPoint } from '../../runtime/wgsl.js';
import { isPointwise, type ProductSides, pixels, pointwiseGrid, pointwiseWgsl, suitsPointwise } from '../pointwise.js';
import { biased, type Conv2dForwardParams } from './params.js';

const sides = (p: Conv2dForwardParams): ProductSides => ({ rows: pixels(p), columns: p.outChannels });

export const pointwise: Variant<Conv2dForwardParams> = {
  subgroups: true,
  available: isPointwise,
  suits: suitsPointwise,
  sizes: (p) => ({ ...sides(p), terms: p.inChannels }),
  grid: (p, { subgroupSize }) => pointwiseGrid(sides(p), subgroupSize),
  wgsl: (p, { subgroupSize: lanes, pinsSubgroups }) => `
${constants({ LANES: lanes })}
${epilogueWgsl(p.epilogue)}

${subgroupEntryPoint(pinsSubgroups)}
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let rows = sizes.rows;
  let columns = sizes.columns;
  let terms = sizes.terms;
${pointwiseWgsl(sides(p), lanes, {
  terms: ['0u', 'terms'],
  left: (row) => `f32(x[${row} * terms + term])`,
  right: (column) => `w[term * columns + ${column}]`,
  write: `let i = row * columns + column; y[i] = y_t(finish(${biased(p, 'sum', 'bias[column]')}, i));`,
})}
}`,
};
