/** The Kannada digits ೦ … ೯ as outlines, from open fonts that are npm packages. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Outline, Point } from '@anke/data';
import type opentype from 'opentype.js';

const FILES = [
  '@fontsource/noto-sans-kannada/files/noto-sans-kannada-kannada-400-normal.woff',
  '@fontsource/anek-kannada/files/anek-kannada-kannada-400-normal.woff',
  '@fontsource/baloo-tamma-2/files/baloo-tamma-2-kannada-400-normal.woff',
  '@fontsource/hubballi/files/hubballi-kannada-400-normal.woff',
  '@fontsource/akaya-kanadaka/files/akaya-kanadaka-kannada-400-normal.woff',
];
const ZERO = 0x0ce6;
const FONT_SIZE = 100;
/** Straight pieces for each curve. */
const PIECES = 8;

/** For each font, the outlines of the ten digits. */
export function digitOutlines(): Outline[][] {
  // Loaded here, as only drawing digits needs it.
  const require = createRequire(import.meta.url);
  const { parse } = require('opentype.js') as typeof opentype;
  return FILES.map((file) => {
    const bytes = readFileSync(require.resolve(file));
    const font = parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer);
    return Array.from({ length: 10 }, (_, digit) => {
      const glyph = font.charToGlyph(String.fromCodePoint(ZERO + digit));
      if (glyph.index === 0) throw new Error(`${file} has no Kannada digit ${digit}`);
      return flatten(glyph.getPath(0, 0, FONT_SIZE).commands);
    });
  });
}

function flatten(commands: readonly opentype.PathCommand[]): Outline {
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
