/**
 * Charts as Vega's own specifications, as SVG and as PNG. The libraries that draw take a while to load, and memory:
 * they are loaded when there is something to draw.
 */
import type { Config, Spec } from 'vega';
import type { TopLevelSpec } from 'vega-lite';
import type { Chart } from './chart.js';
import { FONT, withFonts } from './fonts.js';
import { html } from './html.js';
import { setKannada } from './kannada-text.js';

const SVG = 'http://www.w3.org/2000/svg';

/** A chart as Vega draws it, without a background. Its signal `ink` is the colour of its text. */
export async function vegaSpec(chart: Chart): Promise<Spec> {
  const { compile } = await import('vega-lite');
  const $schema = 'https://vega.github.io/schema/vega-lite/v5.json';
  const params = [{ name: 'ink', value: '#333' }];
  const { background: _, ...spec } = compile({ $schema, params, ...chart } as unknown as TopLevelSpec).spec;
  return spec;
}

/** How wide a sign of DejaVu Sans is, in units of its size: about, as nothing here measures text. */
function signWidth(sign: string): number {
  if (/\p{M}/u.test(sign)) return 0.15;
  if (/[ fijlrtI.,:;'|!()[\]-]/.test(sign)) return 0.37;
  return /[mwMW%@—…○]|\p{Lo}/u.test(sign) ? 0.95 : 0.62;
}

const widthOfSigns = (text: string): number => Array.from(text).reduce((sum, sign) => sum + signWidth(sign), 0);

/** Without a canvas, Vega takes every sign for as wide as an M, and leaves room for that. */
function measureSigns(vega: typeof import('vega')): void {
  const { textMetrics } = vega as unknown as {
    textMetrics: { width(item: { fontSize?: number }, text: string): number };
  };
  textMetrics.width = ({ fontSize = 11 }, text) => fontSize * widthOfSigns(String(text));
}

/** A chart as SVG on white; one that takes the width of its page is `width` wide. */
export async function chartSvg(chart: Chart, width = 480): Promise<string> {
  const vega = await import('vega');
  measureSigns(vega);
  const sized = chart['width'] === 'container' ? { ...chart, width } : chart;
  const spec = { ...(await vegaSpec(sized)), background: 'white', padding: 16 };
  const label = {
    labelFont: FONT,
    titleFont: FONT,
    labelFontSize: 12,
    titleFontSize: 12,
    titleFontWeight: 'normal',
  } as const;
  const fonts: Config = {
    axis: { ...label, gridColor: '#e6e6e6', titlePadding: 10 },
    legend: label,
    title: { font: FONT, subtitleFont: FONT, fontSize: 14, subtitleFontSize: 12, anchor: 'start', subtitlePadding: 4 },
    text: { font: FONT },
    style: { cell: { stroke: '#bbbbbb' } },
  };
  return await new vega.View(vega.parse(spec, fonts), { renderer: 'none' }).toSVG();
}

/**
 * An SVG as PNG with fonts that are part of this package: the result is the same on every machine.
 *
 * @param zoom how many pixels wide a unit of the SVG is
 */
export async function renderPng(svg: string, zoom = 2): Promise<Uint8Array> {
  const { Resvg } = await import('@resvg/resvg-js');
  return withFonts(svg, (font) => {
    const set = setKannada(svg, (text, attributes) => {
      const alone = `<svg xmlns="${SVG}" width="1" height="1"><text ${attributes}>${html(text)}</text></svg>`;
      const box = new Resvg(alone, { font }).getBBox();
      return box ? box.x + box.width : 0;
    });
    return new Resvg(set, { font, fitTo: { mode: 'zoom', value: zoom }, background: 'white' }).render().asPng();
  });
}

/** How wide the widest of some texts is drawn, about, in pixels. */
export const textWidth = (texts: readonly string[], size: number): number =>
  Math.max(0, ...texts.map((text) => size * widthOfSigns(text)));
