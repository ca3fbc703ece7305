/**
 * The pen's path inside a printed digit: its outline is filled, thinned to lines one pixel wide, and smoothed. Drawn
 * again with a round pen, the digit looks written rather than printed.
 */
import type { Outline, Point } from './outline.js';

/** Points of the pen's path and the lines between them, in the unit square. */
export interface Skeleton {
  readonly points: readonly Point[];
  readonly lines: readonly (readonly [number, number])[];
}

const SIZE = 72;
const MARGIN = 4;
const SMOOTHING = 6;

export function skeletonOf(outline: Outline): Skeleton {
  const filled = fill(outline);
  thin(filled);
  return trace(filled);
}

/** The outline's inside as a SIZE × SIZE bitmap, by the non-zero rule, aspect kept. */
function fill(outline: Outline): Uint8Array {
  const points = outline.flat();
  const left = Math.min(...points.map(({ x }) => x));
  const top = Math.min(...points.map(({ y }) => y));
  const width = Math.max(...points.map(({ x }) => x)) - left;
  const height = Math.max(...points.map(({ y }) => y)) - top;
  const scale = (SIZE - 2 * MARGIN) / Math.max(width, height);
  const scaled = ({ x, y }: Point): Point => ({
    x: MARGIN + (x - left) * scale + (SIZE - 2 * MARGIN - width * scale) / 2,
    y: MARGIN + (y - top) * scale + (SIZE - 2 * MARGIN - height * scale) / 2,
  });
  const bitmap = new Uint8Array(SIZE * SIZE);
  for (let row = 0; row < SIZE; row++) {
    const y = row + 0.5;
    const crossings: { x: number; turn: number }[] = [];
    for (const polygon of outline) {
      polygon.forEach((point, i) => {
        const a = scaled(point);
        const b = scaled(polygon[(i + 1) % polygon.length] as Point);
        if (a.y <= y === b.y <= y) return;
        crossings.push({ x: a.x + ((y - a.y) / (b.y - a.y)) * (b.x - a.x), turn: a.y < b.y ? 1 : -1 });
      });
    }
    crossings.sort((a, b) => a.x - b.x);
    let winding = 0;
    crossings.forEach(({ x, turn }, i) => {
      winding += turn;
      const end = crossings[i + 1]?.x ?? x;
      if (winding !== 0)
        bitmap.fill(
          1,
          row * SIZE + Math.ceil(x - 0.5),
          row * SIZE + Math.max(Math.ceil(x - 0.5), Math.ceil(end - 0.5)),
        );
    });
  }
  return bitmap;
}

/** Offsets to the eight neighbours, clockwise from the one above. */
const AROUND = [-SIZE, -SIZE + 1, 1, SIZE + 1, SIZE, SIZE - 1, -1, -SIZE - 1] as const;

/** Zhang and Suen, *A fast parallel algorithm for thinning digital patterns* (CACM 1984). */
function thin(bitmap: Uint8Array): void {
  for (let changed = true; changed; ) {
    changed = false;
    for (const pass of [0, 1]) {
      const removed: number[] = [];
      bitmap.forEach((pixel, at) => {
        if (pixel === 0) return;
        const n = AROUND.map((offset) => bitmap[at + offset] ?? 0);
        const neighbours = n.reduce((sum, value) => sum + value, 0);
        const rises = n.filter((value, i) => value === 0 && n[(i + 1) % 8] === 1).length;
        const [up = 0, , right = 0, , down = 0, , left = 0] = n;
        const open =
          pass === 0
            ? up * right * down === 0 && right * down * left === 0
            : up * right * left === 0 && up * down * left === 0;
        if (neighbours >= 2 && neighbours <= 6 && rises === 1 && open) removed.push(at);
      });
      for (const at of removed) bitmap[at] = 0;
      changed ||= removed.length > 0;
    }
  }
}

/** The thinned pixels as points with lines between neighbours, smoothed along the path, in the unit square. */
function trace(bitmap: Uint8Array): Skeleton {
  const index = new Map<number, number>();
  bitmap.forEach((pixel, at) => {
    if (pixel === 1) index.set(at, index.size);
  });
  const lines: [number, number][] = [];
  for (const [at, i] of index) {
    for (const offset of [1, SIZE, SIZE + 1, SIZE - 1]) {
      const j = index.get(at + offset);
      if (j === undefined) continue;
      // Two straight steps around a corner make its diagonal superfluous.
      const diagonal = offset === SIZE + 1 || offset === SIZE - 1;
      if (diagonal && (index.has(at + SIZE) || index.has(at + offset - SIZE))) continue;
      lines.push([i, j]);
    }
  }
  let points: Point[] = [...index.keys()].map((at) => ({ x: at % SIZE, y: Math.floor(at / SIZE) }));
  const neighbours: number[][] = points.map(() => []);
  for (const [i, j] of lines) {
    (neighbours[i] as number[]).push(j);
    (neighbours[j] as number[]).push(i);
  }
  for (let round = 0; round < SMOOTHING; round++) {
    points = points.map((point, i) => {
      const around = (neighbours[i] as number[]).map((j) => points[j] as Point);
      if (around.length !== 2) return point; // ends and junctions stay
      const mean = (pick: (p: Point) => number): number => around.reduce((sum, p) => sum + pick(p), 0) / around.length;
      return { x: (point.x + mean(({ x }) => x)) / 2, y: (point.y + mean(({ y }) => y)) / 2 };
    });
  }
  return { points: points.map(({ x, y }) => ({ x: x / SIZE, y: y / SIZE })), lines };
}
