/**
 * The fonts of pictures: DejaVu Sans, and Noto Sans Kannada for names of classes in Kannada, which comes as WOFF alone.
 * Both are packages, so that a picture is the same on every machine; other scripts are drawn with the system's fonts.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { hasKannada } from './kannada-text.js';

export const FONT = 'DejaVu Sans';
const { resolve } = createRequire(import.meta.url);
const kannadaFile = (format: 'woff' | 'woff2'): string =>
  resolve(`@fontsource/noto-sans-kannada/files/noto-sans-kannada-kannada-400-normal.${format}`);

/** Scripts that neither of the two fonts has. */
const hasOthers = (text: string): boolean =>
  /[^\p{Script=Common}\p{Script=Inherited}\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Kannada}]/u.test(
    text,
  );

/** What resvg is given. */
export interface Fonts {
  readonly loadSystemFonts: boolean;
  readonly fontFiles: string[];
  readonly defaultFontFamily: string;
}

/** Calls `draw` with the fonts that a text needs; a font that had to be unpacked is gone afterwards. */
export function withFonts<T>(text: string, draw: (fonts: Fonts) => T): T {
  const fontFiles = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((file) => resolve(`dejavu-fonts-ttf/ttf/${file}`));
  const fonts = { loadSystemFonts: hasOthers(text), fontFiles, defaultFontFamily: FONT };
  if (!hasKannada(text)) return draw(fonts);
  const folder = mkdtempSync(join(tmpdir(), 'anke-font-'));
  try {
    const path = join(folder, 'kannada.ttf');
    writeFileSync(path, sfntOf(readFileSync(kannadaFile('woff'))));
    return draw({ ...fonts, fontFiles: [...fontFiles, path] });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A style that brings the Kannada font along, for a page with such letters; else nothing. */
export function kannadaStyle(page: string): string {
  if (!hasKannada(page)) return '';
  const source = `url(data:font/woff2;base64,${readFileSync(kannadaFile('woff2')).toString('base64')})`;
  const range = 'unicode-range: U+0C80-0CFF; font-display: block;';
  return `@font-face { font-family: "Kannada of the page"; src: ${source}; ${range} }`;
}

const WOFF = { header: 44, entry: 20 };
const SFNT = { header: 12, entry: 16 };

/**
 * A WOFF font as the OpenType font that it packs: the same tables, each inflated.
 *
 * Source: WOFF File Format 1.0, https://www.w3.org/TR/WOFF/
 */
export function sfntOf(woff: Buffer): Buffer {
  const tables = Array.from({ length: woff.readUInt16BE(12) }, (_, i) => {
    const entry = woff.subarray(WOFF.header + i * WOFF.entry);
    const [offset, packed, length] = [4, 8, 12].map((at) => entry.readUInt32BE(at)) as [number, number, number];
    const bytes = woff.subarray(offset, offset + packed);
    return {
      tag: entry.subarray(0, 4),
      checksum: entry.subarray(16, 20),
      data: packed < length ? inflateSync(bytes) : bytes,
    };
  });
  const power = Math.floor(Math.log2(tables.length));
  const header = Buffer.alloc(SFNT.header);
  woff.copy(header, 0, 4, 8);
  [tables.length, 2 ** power * 16, power, (tables.length - 2 ** power) * 16].forEach((value, i) => {
    header.writeUInt16BE(value, 4 + 2 * i);
  });
  let offset = SFNT.header + SFNT.entry * tables.length;
  const entries: Buffer[] = [];
  const bodies: Buffer[] = [];
  for (const { tag, checksum, data } of tables) {
    const place = Buffer.alloc(8);
    place.writeUInt32BE(offset, 0);
    place.writeUInt32BE(data.length, 4);
    entries.push(tag, checksum, place);
    // Tables begin at multiples of four bytes.
    const body = Buffer.alloc(4 * Math.ceil(data.length / 4));
    data.copy(body);
    bodies.push(body);
    offset += body.length;
  }
  return Buffer.concat([header, ...entries, ...bodies]);
}
