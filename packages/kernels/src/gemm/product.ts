/**
 * A matrix product in tiles, for real GPUs.
 *
 *   C[row, column] = Σ_{term} left(row, term) · right(term, column)
 *
 * The two factors are WGSL functions ("readers") that the caller writes, and so is the function that takes a finished
 * sum: a convolution's factors are never laid out as matrices in memory (implicit GEMM).
 *
 * A workgroup of 16 × 16 threads computes a tile of C. It brings 16 terms of both factors at a time into workgroup
 * memory, and each thread adds their products to the sums of its part of the tile, which stay in registers. So an
 * element of a factor is loaded once for a whole tile. The sum of an element runs over the terms in ascending order,
 * whatever the tile.
 *
 * Its variants are timed with their kernels:
 * `pnpm anke bench kernels --filter conv2d --variant gemm64`.
 */
import type { Grid, Traits, Variant } from '../runtime/kernel.js';
import { constants, MAX_GRID_SIDE } from '../runtime/wgsl.js';
import { BUSY, DEPTH, fits, likesTiles, SIDE, TILES, type Tile, tileCount } from './tiles.js';

export interface Product {
  readonly rows: number;
  readonly columns: number;
  readonly terms: number;
  /**
   * Groups into which the columns are cut, each with a left factor of its own: `left` is called for the group
   * `columnGroup`. One if absent.
   */
  readonly groups?: number;
  /**
   * Parts into which the terms are cut, and terms of a part: each part writes a C of its own, to be added later. One,
   * of all terms, if absent.
   */
  readonly parts?: { readonly count: number; readonly terms: number };
  /** Along which axis elements of the left factor are neighbours in memory: neighbouring threads load them. */
  readonly leftAlong: 'rows' | 'terms';
  readonly rightAlong: 'columns' | 'terms';
  /** Whether the columns of the right factor are summed beside it: Σ_{term} right(term, column). */
  readonly columnSums?: boolean;
  /**
   * WGSL of `left(row: u32, term: u32) -> f32` and `right(term: u32, column: u32) -> f32`, called inside the product
   * only; of `write(index: u32, column: u32, sum: f32)` for element `index` of the parts' products, row by row; and,
   * where columns are summed, of `writeColumnSum(index: u32, sum: f32)` for element `index` of the parts' sums.
   */
  readonly wgsl: string;
}

/** Rows of tiles in x and y, columns of tiles of each group of each part in z. */
function grid({ rows, columns, groups = 1, parts }: Product, tile: Tile): Grid {
  const down = Math.ceil(rows / tile.rows);
  const across = Math.ceil(columns / groups / tile.columns) * groups * (parts?.count ?? 1);
  return [Math.min(down, MAX_GRID_SIDE), Math.ceil(down / MAX_GRID_SIDE), across];
}

/** The loops that all 256 threads take together to bring a factor's elements into workgroup memory. */
const load = (target: string, side: string, along: boolean, read: string): string => `
    for (var i = thread; i < DEPTH * ${side}; i += SIDE * SIDE) {
      let k = ${along ? 'i % DEPTH' : `i / ${side}`};
      let j = ${along ? 'i / DEPTH' : `i % ${side}`};
      var value = 0.0;
      ${read}
      ${target} = value;
    }`;

/** The whole shader. */
function productWgsl(product: Product, tile: Tile, { software }: Traits): string {
  const { rows, columns, terms, groups = 1, parts, leftAlong, rightAlong, columnSums = false, wgsl } = product;
  const grouped = groups > 1;
  const groupsWgsl = grouped
    ? {
        declare: '\nvar<private> columnGroup: u32;',
        find: '\n  columnGroup = group.z / COLUMN_TILES % GROUPS;',
        first: 'columnGroup * GROUP_COLUMNS + ',
        end: '(columnGroup + 1u) * GROUP_COLUMNS',
        tiles: '(COLUMN_TILES * GROUPS)',
        // Always TERMS, which the compiler does not know: few terms, unrolled, took it three times as long.
        terms: 'TERMS * min(1u, group.x + 1u)',
      }
    : { declare: '', find: '', first: '', end: 'COLUMNS', tiles: 'COLUMN_TILES', terms: 'TERMS' };
  // Unrolled, as real GPUs like it, this loop took lavapipe's compiler five times as long as the rest of the shader.
  const depth = software ? 'DEPTH * min(1u, group.x + 1u)' : 'DEPTH';
  // One more than the tile where threads store a column of it, so that they store into different memory banks.
  const pitch = (side: number, along: boolean): number => side + (along ? 1 : 0);
  return `
${constants({
  ROWS: rows,
  COLUMNS: columns,
  TERMS: terms,
  PART_TERMS: parts?.terms ?? terms,
  TILE_ROWS: tile.rows,
  TILE_COLUMNS: tile.columns,
  COLUMN_TILES: Math.ceil(columns / groups / tile.columns),
  ...(grouped ? { GROUPS: groups, GROUP_COLUMNS: columns / groups } : {}),
  SIDE,
  THREAD_ROWS: tile.rows / SIDE,
  THREAD_COLUMNS: tile.columns / SIDE,
  DEPTH,
  LEFT_PITCH: pitch(tile.rows, leftAlong === 'terms'),
  RIGHT_PITCH: pitch(tile.columns, rightAlong === 'terms'),
})}

// Term k of the tile's row j at [k · LEFT_PITCH + j], and of its column j at [k · RIGHT_PITCH + j].
var<workgroup> leftTile: array<f32, DEPTH * LEFT_PITCH>;
var<workgroup> rightTile: array<f32, DEPTH * RIGHT_PITCH>;
${groupsWgsl.declare}${wgsl}

@compute @workgroup_size(SIDE, SIDE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let firstRow = (group.y * ${MAX_GRID_SIDE}u + group.x) * TILE_ROWS;${groupsWgsl.find}
  let firstColumn = ${groupsWgsl.first}group.z % COLUMN_TILES * TILE_COLUMNS;
  let part = ${parts ? `group.z / ${groupsWgsl.tiles}` : '0u'};
  let end = ${parts ? 'min((part + 1u) * PART_TERMS, TERMS)' : groupsWgsl.terms};
  var sum: array<array<f32, THREAD_COLUMNS>, THREAD_ROWS>;${
    columnSums
      ? `
  // The threads of one row sum the columns beside it.
  let sumsColumns = firstRow == 0u && local.y == 0u;
  var total: array<f32, THREAD_COLUMNS>;`
      : ''
  }
  for (var term = part * PART_TERMS; term < end; term += DEPTH) {${load(
    'leftTile[k * LEFT_PITCH + j]',
    'TILE_ROWS',
    leftAlong === 'terms',
    'if (firstRow + j < ROWS && term + k < end) { value = left(firstRow + j, term + k); }',
  )}${load(
    'rightTile[k * RIGHT_PITCH + j]',
    'TILE_COLUMNS',
    rightAlong === 'terms',
    `if (term + k < end && firstColumn + j < ${groupsWgsl.end}) { value = right(term + k, firstColumn + j); }`,
  )}
    workgroupBarrier();${
      columnSums
        ? `
    // Summed by themselves first: a long chain of additions to a sum that has grown loses digits each time.
    var tileTotal = array<f32, THREAD_COLUMNS>();`
        : ''
    }
    for (var k = 0u; k < ${depth}; k++) {
      var factor: array<f32, THREAD_ROWS>;
      for (var i = 0u; i < THREAD_ROWS; i++) { factor[i] = leftTile[k * LEFT_PITCH + local.y * THREAD_ROWS + i]; }
      for (var j = 0u; j < THREAD_COLUMNS; j++) {
        let other = rightTile[k * RIGHT_PITCH + j * SIDE + local.x];
        ${columnSums ? 'if (sumsColumns) { tileTotal[j] += other; }' : ''}
        for (var i = 0u; i < THREAD_ROWS; i++) { sum[i][j] = fma(factor[i], other, sum[i][j]); }
      }
    }${columnSums ? '\n    for (var j = 0u; j < THREAD_COLUMNS; j++) { total[j] += tileTotal[j]; }' : ''}
    workgroupBarrier();
  }
  for (var j = 0u; j < THREAD_COLUMNS; j++) {
    let column = firstColumn + j * SIDE + local.x;
    if (column >= ${groupsWgsl.end}) { continue; }
    ${columnSums ? 'if (sumsColumns) { writeColumnSum(part * COLUMNS + column, total[j]); }' : ''}
    for (var i = 0u; i < THREAD_ROWS; i++) {
      let row = firstRow + local.y * THREAD_ROWS + i;
      if (row < ROWS) { write((part * ROWS + row) * COLUMNS + column, column, sum[i][j]); }
    }
  }
}`;
}

/**
 * A variant for each tile, in order of preference: the largest where it makes enough workgroups, the small one where
 * the middle one does not.
 */
export function gemmVariants<P>(
  product: (p: P) => Product,
): Readonly<Record<'gemm128' | 'gemm32' | 'gemm64', Variant<P>>> {
  const workgroups = (tile: Tile, p: P): number => {
    const { rows, columns, groups = 1, parts } = product(p);
    return tileCount(tile, { rows, columns: columns / groups }) * groups * (parts?.count ?? 1);
  };
  const variant = (tile: Tile, suits: (p: P) => boolean): Variant<P> => ({
    available: (_, traits) => fits(tile, traits),
    suits: (p, traits) => likesTiles(traits) && suits(p),
    grid: (p) => grid(product(p), tile),
    wgsl: (p, traits) => productWgsl(product(p), tile, traits),
  });
  return {
    gemm128: variant(TILES.large, (p) => workgroups(TILES.large, p) >= 2 * BUSY),
    gemm32: variant(TILES.small, (p) => workgroups(TILES.middle, p) < BUSY),
    gemm64: variant(TILES.middle, () => true),
  };
}
