/** Strokes of a pen as an image of the data: fitted and centred as the synthetic digits are, and MNIST's. */

export interface PenPoint {
  readonly x: number;
  readonly y: number;
}
export type Stroke = readonly PenPoint[];

/** MNIST fits digits into 20 of 28 pixels. */
const BOX = 20 / 28;
/** Radius of the pen, of 28 pixels: the middle of what the synthetic writers hold. */
const PEN = 1.2 / 28;

interface Line {
  readonly a: PenPoint;
  readonly b: PenPoint;
}

/**
 * One channel of (height, width) bytes: light ink on black; all of them 0 without a stroke.
 *
 * @param strokes in any unit, y downwards
 */
export function inkOf(strokes: readonly Stroke[], [height, width]: readonly [number, number]): Uint8Array {
  const points = strokes.flat();
  const image = new Float32Array(height * width);
  if (points.length === 0) return new Uint8Array(image.length);
  const side = Math.min(height, width);
  const pen = Math.max(0.6, PEN * side);
  const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  const [left, top] = [least(xs), least(ys)];
  const extent = Math.max(-least(xs.map((x) => -x)) - left, -least(ys.map((y) => -y)) - top, 1e-6);
  const scale = (BOX * side - 2 * pen) / extent;
  const fit = ({ x, y }: PenPoint): PenPoint => ({ x: (x - left) * scale, y: (y - top) * scale });
  const lines = strokes.flatMap((stroke) =>
    stroke.map((point, i): Line => ({ a: fit(stroke[Math.max(0, i - 1)] as PenPoint), b: fit(point) })),
  );
  const centre = massOf(lines);
  const shift = ({ x, y }: PenPoint): PenPoint => ({ x: x + width / 2 - centre.x, y: y + height / 2 - centre.y });
  for (const { a, b } of lines) drawLine(image, width, { a: shift(a), b: shift(b) }, pen);
  return Uint8Array.from(image, (value) => Math.round(240 * value));
}

const least = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b));

/** The centre of the lines' mass, which is their length; of a single point, the point. */
function massOf(lines: readonly Line[]): PenPoint {
  let [mass, x, y] = [0, 0, 0];
  for (const { a, b } of lines) {
    const length = Math.hypot(b.x - a.x, b.y - a.y) + 1e-9;
    mass += length;
    x += (length * (a.x + b.x)) / 2;
    y += (length * (a.y + b.y)) / 2;
  }
  return { x: x / mass, y: y / mass };
}

/** Inks the pixels near a line: fully within the pen's radius of it, fading over one pixel. */
function drawLine(image: Float32Array, width: number, { a, b }: Line, pen: number): void {
  const height = image.length / width;
  const reach = pen + 1;
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = dx * dx + dy * dy || 1;
  const from = (low: number): number => Math.max(0, Math.floor(low - reach));
  for (let row = from(Math.min(a.y, b.y)); row < Math.min(height, Math.max(a.y, b.y) + reach); row++)
    for (let column = from(Math.min(a.x, b.x)); column < Math.min(width, Math.max(a.x, b.x) + reach); column++) {
      const [px, py] = [column + 0.5 - a.x, row + 0.5 - a.y];
      const t = Math.max(0, Math.min(1, (px * dx + py * dy) / length));
      const coverage = Math.max(0, Math.min(1, pen + 0.5 - Math.hypot(px - t * dx, py - t * dy)));
      const at = row * width + column;
      image[at] = Math.max(image[at] as number, coverage);
    }
}
