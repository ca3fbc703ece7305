/**
 * What the pointwise variants of the three directions share: 1 × 1 convolutions with a stride of 1, as matrix products
 * on software GPUs.
 *
 *   C[row, column] = Σ_term A[row, term] · B[term, column]
 *
 * A subgroup keeps the sums of some lane-fulls of rows × some of columns, a column a lane, and walks over the terms. Of
 * each it loads a lane-full of A for each of the former, which `subgroupBroadcast` hands on row by row, and of B for
 * each of the latter: with four of both, 8 loads for 128 products. Loads cost the same wherever they go, so that A may
 * be read along its rows.
 *
 * Sizes are passed with the dispatch: a network's layers share a few shaders, which differ in the number of lane-fulls.
 * Tried on lavapipe and lost: 8 terms at once, of which a lane holds one, with 16 to 64 rows (half as fast, and five
 * times longer to compile).
 */
import type { Grid, Traits } from '../runtime/kernel.js';
import { MAX_GRID_SIDE } from '../runtime/wgsl.js';
import { type Conv2dParams, outputSize } from './geometry.js';
import { isGrouped } from './groups.js';
import { range, unroll } from './unrolled.js';

/** The most lane-fulls of rows, and of columns, whose sums a subgroup keeps. */
const MAX_GROUPS = 4;

/** Whether a convolution is such a product, as dense layers are too (dense/dense.ts). */
export const isPointwise = (p: Conv2dParams): boolean =>
  p.kernelHeight * p.kernelWidth === 1 && p.outHeight === p.height && p.outWidth === p.width && !isGrouped(p);

/** Pixels of the batch. */
export const pixels = (p: Conv2dParams): number => outputSize(p) / p.outChannels;

/** With less than a lane-full of pixels, as in the prediction of one image, most products would be of none. */
export const suitsPointwise = (p: Conv2dParams, { software, subgroupSize }: Traits): boolean =>
  software && isPointwise(p) && pixels(p) >= subgroupSize;

/** Rows and columns of C. */
export interface ProductSides {
  readonly rows: number;
  readonly columns: number;
}

/** How a side is cut into lane-fulls, and these into equal groups for a subgroup each. */
function cut(length: number, lanes: number): { readonly groups: number; readonly blocks: number } {
  const all = Math.ceil(length / lanes);
  const blocks = Math.ceil(all / MAX_GROUPS);
  return { groups: Math.ceil(all / blocks), blocks };
}

/** Groups of rows in x and y, groups of columns of each part in z. */
export function pointwiseGrid({ rows, columns }: ProductSides, lanes: number, parts = 1): Grid {
  const { blocks } = cut(rows, lanes);
  return [Math.min(blocks, MAX_GRID_SIDE), Math.ceil(blocks / MAX_GRID_SIDE), cut(columns, lanes).blocks * parts];
}

/**
 * The body of the shader, which needs `let` declarations of `rows` and `columns`.
 *
 * @param texts.terms WGSL of the first term and of the one behind the last; they may use `part`
 * @param texts.left WGSL of A[row, term]
 * @param texts.right WGSL of B[term, column]
 * @param texts.write WGSL that takes `sum` for `row` and `column`
 * @param texts.writeColumnSum WGSL that takes `sum`, of B's column over the terms; if absent, there is none
 */
export function pointwiseWgsl(
  { rows: height, columns: width }: ProductSides,
  lanes: number,
  texts: {
    readonly terms: readonly [first: string, end: string];
    left(row: string): string;
    right(column: string): string;
    readonly write: string;
    readonly writeColumnSum?: string | undefined;
  },
): string {
  const down = range(cut(height, lanes).groups);
  const across = range(cut(width, lanes).groups);
  const rows = range(down.length * lanes);
  const { writeColumnSum } = texts;
  const products = (r: number): string => {
    const factor = `subgroupBroadcast(a_${Math.floor(r / lanes)}, ${r % lanes}u)`;
    const sums = across.map((g) => `sum_${r}[${g}] = fma(factor_${r}, b_${g}, sum_${r}[${g}]);`).join(' ');
    return `    let factor_${r} = ${factor};\n    ${sums}`;
  };
  // The subgroups of the first rows sum the columns beside them.
  const columnSums = `
  if (group.x + group.y == 0u) {
    var totals = array<f32, ${across.length}>(${across.map((g) => `total_${g}`).join(', ')});
    for (var g = 0u; g < ${across.length}u; g++) {
      let column = firstColumn + g * LANES;
      let sum = totals[g];
      if (column < columns) { ${writeColumnSum} }
    }
  }`;
  return `
  let columnBlocks = (columns + ${across.length}u * LANES - 1u) / (${across.length}u * LANES);
  let part = group.z / columnBlocks;
  let firstRow = (group.y * ${MAX_GRID_SIDE}u + group.x) * ${rows.length}u;
  let firstColumn = group.z % columnBlocks * ${across.length}u * LANES + lane;
${unroll(down, (i) => `  let row_${i} = min(firstRow + ${i}u * LANES + lane, rows - 1u);`)}
${unroll(across, (g) => `  let column_${g} = min(firstColumn + ${g}u * LANES, columns - 1u);`)}
${unroll(rows, (r) => `  var sum_${r} = array<f32, ${across.length}>();`)}
${writeColumnSum ? unroll(across, (g) => `  var total_${g} = 0.0;`) : ''}
  let end = ${texts.terms[1]};
  for (var term = ${texts.terms[0]}; term < end; term++) {
${unroll(down, (i) => `    let a_${i} = ${texts.left(`row_${i}`)};`)}
${unroll(across, (g) => `    let b_${g} = ${texts.right(`column_${g}`)};`)}
${unroll(rows, products)}
${writeColumnSum ? unroll(across, (g) => `    total_${g} += b_${g};`) : ''}
  }
  // In a loop that is not unrolled: written out, this takes longer to compile than all else.
  var sums = array<array<f32, ${across.length}>, ${rows.length}>(${rows.map((r) => `sum_${r}`).join(', ')});
  for (var r = 0u; r < min(${rows.length}u, rows - min(firstRow, rows)); r++) {
    for (var g = 0u; g < ${across.length}u; g++) {
      let row = firstRow + r;
      let column = firstColumn + g * LANES;
      let sum = sums[r][g];
      if (column < columns) { ${texts.write} }
    }
  }${writeColumnSum ? columnSums : ''}`;
}
