/**
 * Elastic distortion: what an image shows is pulled about, by a field of displacements that is smooth. Points of a grid
 * over the image move at random, and between them a uniform cubic B-spline goes, as in the free-form deformations of
 * Rueckert et al. (IEEE Transactions on Medical Imaging 18, 1999, equation 2). Simard et al. (ICDAR 2003), who were the
 * first to distort handwriting elastically, smooth a displacement of each pixel instead, which costs a pass of its own.
 *
 *   D(r, c) = Σ_{l, m = 0 … 3} B_l(u − ⌊u⌋) B_m(v − ⌊v⌋) Φ[⌊u⌋ + l, ⌊v⌋ + m],    u = CELLS r / (height − 1), v likewise
 *
 * Φ is drawn evenly in ±(rows, columns). The B-spline averages what is around: D has about half the size of Φ in each
 * direction at most places, and its slopes stay so small that strokes do not fold.
 */
import { philox4x32 } from '@anke/random';
import { STREAMS } from '../random/philox.js';
import { constants } from '../runtime/wgsl.js';
import type { AugmentParams } from './augmentation.js';

/** Cells of the grid along a side. */
const CELLS = 4;
/** A cubic B-spline reaches a point before and two behind the one that begins its cell. */
const POINTS = CELLS + 3;

/**
 * Roundings of a displacement, at the size of Φ: 8 of the place in the grid (2 at its size of 4); 55 of the weights
 * (for each axis, of the two middle ones 6 at the size of (4 + 3 + 6) / 6 and of the outer ones 4 at that of 1 / 6); 10
 * of the products and sums; 3 of Φ.
 */
export const ELASTIC_ROUNDINGS = 76;

/**
 * `drawGrid`, after which a barrier must stand, and `displacement`, with what `augment` declares. A workgroup has at
 * least {@link POINTS}² threads.
 */
export const elasticWgsl = ({ shape: [height, width], augmentation: { elastic } }: AugmentParams): string =>
  elastic === undefined
    ? `
fn drawGrid(image: u32, local: u32) {}
fn displacement(r: i32, c: i32) -> vec2f { return vec2f(0.0); }`
    : `
${constants({
  CELLS: { i32: CELLS },
  POINTS: { i32: POINTS },
  ELASTIC_STREAM: STREAMS.elastic,
  CELLS_PER_ROW: { f32: CELLS / Math.max(height - 1, 1) },
  CELLS_PER_COLUMN: { f32: CELLS / Math.max(width - 1, 1) },
  ELASTIC_ROWS: { f32: elastic[0] },
  ELASTIC_COLUMNS: { f32: elastic[1] },
})}
var<workgroup> grid: array<vec2f, POINTS * POINTS>;

fn drawGrid(image: u32, local: u32) {
  if (local >= u32(POINTS * POINTS)) { return; }
  let drawn = philox(vec4u(local, counters[0], image, ELASTIC_STREAM), vec2u(counters[2], 0u));
  grid[local] = vec2f(
    between(-ELASTIC_ROWS, ELASTIC_ROWS, drawn.x),
    between(-ELASTIC_COLUMNS, ELASTIC_COLUMNS, drawn.y),
  );
}

/// The four weights of a cubic B-spline at t in 0 … 1, each over 6.
fn spline(t: f32) -> vec4f {
  let s = 1.0 - t;
  return vec4f(s * s * s, 4.0 + t * t * (3.0 * t - 6.0), 4.0 + s * s * (3.0 * s - 6.0), t * t * t) / 6.0;
}

fn displacement(r: i32, c: i32) -> vec2f {
  let at = vec2f(f32(r) * CELLS_PER_ROW, f32(c) * CELLS_PER_COLUMN);
  let cell = min(vec2i(floor(at)), vec2i(CELLS - 1));
  let part = at - vec2f(cell);
  let down = spline(part.x);
  let across = spline(part.y);
  var sum = vec2f(0.0);
  for (var l = 0; l < 4; l++) {
    let first = (cell.x + l) * POINTS + cell.y;
    let along = across.x * grid[first] + across.y * grid[first + 1] + across.z * grid[first + 2] +
      across.w * grid[first + 3];
    sum += down[l] * along;
  }
  return sum;
}`;

const splineWeights = (t: number): readonly number[] => {
  const s = 1 - t;
  return [s ** 3, 4 + t * t * (3 * t - 6), 4 + s * s * (3 * s - 6), t ** 3].map((weight) => weight / 6);
};

/** The displacement of a pixel, in pixels along rows and columns; 0 without elastic distortion. */
export function elasticField(
  { shape: [height, width], augmentation: { elastic } }: AugmentParams,
  { step, seed, image }: { readonly step: number; readonly seed: number; readonly image: number },
): (r: number, c: number) => readonly [number, number] {
  if (elastic === undefined) return () => [0, 0];
  const between = (size: number, word: number): number => size * (2 * ((word >>> 8) / 2 ** 24) - 1);
  const points = Array.from({ length: POINTS * POINTS }, (_, point) => {
    const words = Uint32Array.of(point, step, image, STREAMS.elastic);
    philox4x32(words, seed, 0);
    return [between(elastic[0], words[0] as number), between(elastic[1], words[1] as number)] as const;
  });
  const place = (i: number, side: number): { cell: number; weights: readonly number[] } => {
    const at = (i * CELLS) / Math.max(side - 1, 1);
    const cell = Math.min(Math.floor(at), CELLS - 1);
    return { cell, weights: splineWeights(at - cell) };
  };
  return (r, c) => {
    const [rows, columns] = [place(r, height), place(c, width)];
    let [down, across] = [0, 0];
    rows.weights.forEach((ofRow, l) => {
      columns.weights.forEach((ofColumn, m) => {
        const point = points[(rows.cell + l) * POINTS + columns.cell + m] as readonly [number, number];
        down += ofRow * ofColumn * point[0];
        across += ofRow * ofColumn * point[1];
      });
    });
    return [down, across];
  };
}
