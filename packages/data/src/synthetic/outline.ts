/** What a digit is drawn from: the outline of its printed form, from a font that the caller has read. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Closed polygons of one digit in one font; y grows downwards. */
export type Outline = readonly (readonly Point[])[];

/** One piece of a path, as fonts and SVG have them: a move, a line, a curve with one or two control points, the end. */
export type PathCommand =
  | ({ readonly type: 'M' | 'L' } & Point)
  | ({ readonly type: 'Q'; readonly x1: number; readonly y1: number } & Point)
  | ({
      readonly type: 'C';
      readonly x1: number;
      readonly y1: number;
      readonly x2: number;
      readonly y2: number;
    } & Point)
  | { readonly type: 'Z' };

/** Straight pieces for each curve. */
const PIECES = 8;

/** A path as polygons: its curves, which are Bézier's, become straight pieces. */
export function outlineOf(commands: readonly PathCommand[]): Outline {
  const polygons: Point[][] = [];
  let polygon: Point[] = [];
  let at: Point = { x: 0, y: 0 };
  for (const command of commands) {
    if (command.type === 'M') {
      polygon = [];
      polygons.push(polygon);
    }
    if (command.type === 'Z') continue;
    const end: Point = { x: command.x, y: command.y };
    if (command.type === 'Q') {
      const control = { x: command.x1, y: command.y1 };
      for (let i = 1; i < PIECES; i++) {
        const t = i / PIECES;
        const mix = (a: number, b: number, c: number): number => (1 - t) ** 2 * a + 2 * t * (1 - t) * b + t ** 2 * c;
        polygon.push({ x: mix(at.x, control.x, end.x), y: mix(at.y, control.y, end.y) });
      }
    } else if (command.type === 'C') {
      const [first, second] = [
        { x: command.x1, y: command.y1 },
        { x: command.x2, y: command.y2 },
      ] as const;
      for (let i = 1; i < PIECES; i++) {
        const t = i / PIECES;
        const mix = (a: number, b: number, c: number, d: number): number =>
          (1 - t) ** 3 * a + 3 * t * (1 - t) ** 2 * b + 3 * t ** 2 * (1 - t) * c + t ** 3 * d;
        polygon.push({ x: mix(at.x, first.x, second.x, end.x), y: mix(at.y, first.y, second.y, end.y) });
      }
    }
    polygon.push(end);
    at = end;
  }
  return polygons;
}
