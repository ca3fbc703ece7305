/**
 * Texts in Kannada, set syllable by syllable. The renderer joins the signs of a syllable as it should, but takes it for
 * as wide as its widest sign, so that the next one would cover it. So each syllable gets a place of its own here.
 */
import { html } from './html.js';

/** A syllable: consonants that are joined by viramas (U+0CCD), and what stands above, below or beside them. */
const PIECES = /(?:\p{L}\u0ccd\u200d?)*[\u0c80-\u0cff]\p{M}*|[^\u0c80-\u0cff]+/gu;
const TEXT = /<text\b([^>]*)>([^<]*\p{Script=Kannada}[^<]*)<\/text>/gu;
/** Between two syllables, in units of the font's size. */
const BEARING = 0.06;
const SPACE = 0.3;

export const hasKannada = (text: string): boolean => /\p{Script=Kannada}/u.test(text);

/** The parts of a text that are placed: Kannada syllables, and what stands between them. */
export const piecesOf = (text: string): string[] => text.match(PIECES) ?? [];

/** How wide the signs of a text with the attributes of `<text>` are drawn, in pixels. */
export type Measure = (text: string, attributes: string) => number;

/**
 * An SVG whose Kannada texts are set syllable by syllable. Each of them must have its `font-size` and its place as
 * attributes of its own.
 */
export function setKannada(svg: string, measure: Measure): string {
  const known = new Map<string, number>();
  const widthOf = (piece: string, size: number): number => {
    const em = 100;
    const width = known.get(piece) ?? measure(piece, `font-size="${em}" ${fontOf(piece)}`) / em;
    known.set(piece, width);
    const spaces = piece.length - piece.trim().length;
    return size * (width + BEARING + SPACE * spaces);
  };
  return svg.replace(TEXT, (_, attributes: string, content: string) => {
    const size = Number(/font-size="([\d.]+)/.exec(attributes)?.[1] ?? 11);
    const pieces = piecesOf(plain(content));
    const widths = pieces.map((piece) => widthOf(piece, size));
    const total = widths.reduce((a, b) => a + b, 0);
    const anchor = /text-anchor="(\w+)"/.exec(attributes)?.[1];
    let x = anchor === 'end' ? -total : anchor === 'middle' ? -total / 2 : 0;
    const texts = pieces.map((piece, i) => {
      const lead = piece.length - piece.trimStart().length;
      const text = `<text x="${(x + lead * SPACE * size).toFixed(2)}" ${fontOf(piece)}>${html(piece.trim())}</text>`;
      x += widths[i] as number;
      return text;
    });
    return `<g${attributes.replace(/text-anchor="\w+"/, '')}>${texts.join('')}</g>`;
  });
}

const fontOf = (piece: string): string =>
  hasKannada(piece) ? `font-family="Noto Sans Kannada"` : `font-family="DejaVu Sans"`;

const NAMED: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"' };

/** The text that an SVG's text stands for. */
const plain = (text: string): string =>
  text
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replace(/&\w+;/g, (sign) => NAMED[sign] ?? sign);
