/** Writes a digit by hand: bends the pen's path, draws it, fits and centres it as MNIST does. */
import type { Random } from '@anke/random';
import type { Point } from './outline.js';
import type { Skeleton } from './skeleton.js';

export const SIDE = 28;
/** MNIST fits digits into 20 × 20 pixels and centres them by their mass. */
const BOX = 20;

/** A smooth random displacement: a few waves of low frequency for each axis. */
function elastic(random: Random, wildness: number): (point: Point) => Point {
  const waves = Array.from({ length: 4 }, () => ({
    strength: 0.03 * wildness * random.normal(),
    fx: random.between(-2, 2),
    fy: random.between(-2, 2),
    phase: random.between(0, 2 * Math.PI),
  }));
  const wave = ({ x, y }: Point, from: number): number =>
    waves
      .slice(from, from + 2)
      .reduce((sum, w) => sum + w.strength * Math.sin(Math.PI * (w.fx * x + w.fy * y) + w.phase), 0);
  return (point) => ({ x: point.x + wave(point, 0), y: point.y + wave(point, 2) });
}

/** Slant, stretch and a turn around the middle. */
function affine(random: Random, wildness: number): (point: Point) => Point {
  const slant = 0.18 * wildness * random.normal();
  const stretch = Math.exp(0.15 * wildness * random.normal());
  const angle = 0.1 * wildness * random.normal();
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return ({ x, y }) => {
    const [u, v] = [(x - 0.5) * stretch - slant * (y - 0.5), y - 0.5];
    return { x: cos * u - sin * v, y: sin * u + cos * v };
  };
}

/**
 * One image of SIDE × SIDE bytes: white ink on black.
 *
 * @param wildness scales slant, stretch, turn and bends; 1 is a tidy writer
 */
export function writeDigit(skeleton: Skeleton, random: Random, wildness: number): Uint8Array {
  const bend = elastic(random, wildness);
  const turn = affine(random, wildness);
  let points = skeleton.points.map((point) => turn(bend(point)));
  // Fit into the box, the pen's width included.
  const pen = random.between(0.75, 1.6);
  const xs = points.map(({ x }) => x);
  const ys = points.map(({ y }) => y);
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const scale = (BOX - 2 * pen) / Math.max(Math.max(...xs) - left, Math.max(...ys) - top, 1e-6);
  points = points.map(({ x, y }) => ({ x: (x - left) * scale, y: (y - top) * scale }));
  // Centre the mass, and miss the centre a little as people do.
  const mean = (pick: (p: Point) => number): number => points.reduce((sum, p) => sum + pick(p), 0) / points.length;
  const shiftX = SIDE / 2 - mean(({ x }) => x) + 0.6 * random.normal();
  const shiftY = SIDE / 2 - mean(({ y }) => y) + 0.6 * random.normal();
  // The pressure of the pen changes along the digit.
  const [pressureX, pressureY, phase] = [
    random.between(-0.4, 0.4),
    random.between(-0.4, 0.4),
    random.between(0, 2 * Math.PI),
  ];
  const shifted = ({ x, y }: Point): Point => ({ x: x + shiftX, y: y + shiftY });
  const image = new Float32Array(SIDE * SIDE);
  for (const [i, j] of skeleton.lines) {
    const a = points[i] as Point;
    const b = points[j] as Point;
    const width = pen * (1 + 0.2 * Math.sin(pressureX * a.x + pressureY * a.y + phase));
    drawLine(image, shifted(a), shifted(b), width);
  }
  const ink = random.between(225, 255);
  return Uint8Array.from(image, (value) => Math.round(value * ink));
}

/** Inks the pixels near a line: fully within `radius` of it, fading over one pixel. */
function drawLine(image: Float32Array, { x: ax, y: ay }: Point, { x: bx, y: by }: Point, radius: number): void {
  const reach = radius + 1;
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy || 1;
  for (
    let row = Math.max(0, Math.floor(Math.min(ay, by) - reach));
    row <= Math.min(SIDE - 1, Math.max(ay, by) + reach);
    row++
  )
    for (
      let column = Math.max(0, Math.floor(Math.min(ax, bx) - reach));
      column <= Math.min(SIDE - 1, Math.max(ax, bx) + reach);
      column++
    ) {
      const [px, py] = [column + 0.5 - ax, row + 0.5 - ay];
      const t = Math.max(0, Math.min(1, (px * dx + py * dy) / length));
      const coverage = Math.max(0, Math.min(1, radius + 0.5 - Math.hypot(px - t * dx, py - t * dy)));
      const at = row * SIDE + column;
      image[at] = Math.max(image[at] as number, coverage);
    }
}
