/** Kannada in pictures: the font is unpacked rightly, and syllables stand beside one another. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { PNG } from 'pngjs';
import { expect, test } from 'vitest';
import { kannadaStyle, sfntOf } from './fonts.js';
import { piecesOf, setKannada } from './kannada-text.js';
import { renderPng } from './render.js';

const svgOf = (text: string, attributes = ''): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="300" height="60">
<text transform="translate(10,40)" font-size="30" ${attributes}>${text}</text></svg>`;

/** Columns in which there is ink, of a picture drawn at its own size. */
async function inkOf(svg: string): Promise<{ readonly columns: number[]; readonly pixels: string }> {
  const { width, height, data } = PNG.sync.read(Buffer.from(await renderPng(svg, 1)));
  const columns = Array.from({ length: width }, (_, x) => x).filter((x) =>
    Array.from({ length: height }, (__, y) => data[4 * (y * width + x)] as number).some((value) => value < 128),
  );
  return { columns, pixels: data.toString('base64') };
}

test('a word is cut into syllables, with what is joined to a consonant', () => {
  expect(piecesOf('ಸೊನ್ನೆ')).toEqual(['ಸೊ', 'ನ್ನೆ']);
  expect(piecesOf('ಒಂಬತ್ತು 9')).toEqual(['ಒಂ', 'ಬ', 'ತ್ತು', ' 9']);
});

test('each syllable begins where the one before it ends, left of its place where the text ends there', () => {
  const set = setKannada(svgOf('ಸೊನ್ನೆ', 'text-anchor="end"'), () => 100);
  const places = [...set.matchAll(/ x="(-?[\d.]+)"/g)].map(([, x]) => Number(x));
  // A syllable is 100 pixels wide at size 100, so 30 at this size, with a gap of 6% of it.
  expect(places).toEqual([-63.6, -31.8]);
  expect(set).not.toContain('text-anchor');
});

test('names are drawn with their own signs, not as boxes, and do not overlap', async () => {
  const [zero, nine] = [await inkOf(svgOf('ಸೊನ್ನೆ')), await inkOf(svgOf('ಐದುಆರು'))];
  expect(zero.pixels).not.toBe(nine.pixels);
  const alone = async (text: string): Promise<number> => {
    const { columns } = await inkOf(svgOf(text));
    return (columns.at(-1) as number) - (columns[0] as number);
  };
  const whole = (zero.columns.at(-1) as number) - (zero.columns[0] as number);
  expect(whole).toBeGreaterThanOrEqual((await alone('ಸೊ')) + (await alone('ನ್ನೆ')));
});

test('the font is unpacked to the tables that its directory promises', () => {
  const file = '@fontsource/noto-sans-kannada/files/noto-sans-kannada-kannada-400-normal.woff';
  const woff = readFileSync(createRequire(import.meta.url).resolve(file));
  const sfnt = sfntOf(woff);
  const sum = (bytes: Buffer): number => {
    let total = 0;
    for (let at = 0; at < bytes.length; at += 4) total = (total + bytes.readUInt32BE(at)) >>> 0;
    return total;
  };
  const tables = Array.from({ length: sfnt.readUInt16BE(4) }, (_, i) => sfnt.subarray(12 + 16 * i, 28 + 16 * i));
  expect(tables.length).toBeGreaterThan(10);
  for (const entry of tables) {
    const [checksum, offset, length] = [4, 8, 12].map((at) => entry.readUInt32BE(at)) as [number, number, number];
    const table = Buffer.from(sfnt.subarray(offset, offset + 4 * Math.ceil(length / 4)));
    // The checksum of `head` leaves out the field that sums up the whole file.
    if (entry.toString('latin1', 0, 4) === 'head') table.writeUInt32BE(0, 8);
    expect(sum(table), entry.toString('latin1', 0, 4)).toBe(checksum);
  }
});

test('a page has the font with it only where it needs it', () => {
  expect(kannadaStyle('digits')).toBe('');
  expect(kannadaStyle('ಅಂಕೆ')).toContain('@font-face');
});
