/** The Kannada digits ೦ … ೯ as outlines, from open fonts that are npm packages. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Outline, outlineOf, type PathCommand } from '@anke/data';
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

/** For each font, the outlines of the ten digits. */
export const digitOutlines = (): Outline[][] => digitPaths().map((font) => font.map(outlineOf));

/** For each font, the paths of the ten digits: a page is given these, which are a quarter as long. */
export function digitPaths(): PathCommand[][][] {
  // Loaded here, as only drawing digits needs it.
  const require = createRequire(import.meta.url);
  const { parse } = require('opentype.js') as typeof opentype;
  return FILES.map((file) => {
    const bytes = readFileSync(require.resolve(file));
    const font = parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer);
    return Array.from({ length: 10 }, (_, digit) => {
      const glyph = font.charToGlyph(String.fromCodePoint(ZERO + digit));
      if (glyph.index === 0) throw new Error(`${file} has no Kannada digit ${digit}`);
      return glyph.getPath(0, 0, FONT_SIZE).commands;
    });
  });
}
