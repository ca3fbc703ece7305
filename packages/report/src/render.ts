/**
 * Charts as Vega's own specifications, as SVG and as PNG. The libraries that draw take a while to load, and memory:
 * they are loaded when there is something to draw.
 */
import { createRequire } from 'node:module';
import type { Spec } from 'vega';
import type { TopLevelSpec } from 'vega-lite';
import type { Chart } from './charts.js';

const FONT = 'DejaVu Sans';

/** A chart as Vega draws it, without a background. */
export async function vegaSpec(chart: Chart): Promise<Spec> {
  const { compile } = await import('vega-lite');
  const $schema = 'https://vega.github.io/schema/vega-lite/v5.json';
  const { background: _, ...spec } = compile({ $schema, ...chart } as unknown as TopLevelSpec).spec;
  return spec;
}

/** A chart as SVG on white. */
export async function chartSvg(chart: Chart): Promise<string> {
  const vega = await import('vega');
  const spec = { ...(await vegaSpec(chart)), background: 'white', padding: 16 };
  const fonts = {
    axis: { labelFont: FONT, titleFont: FONT },
    legend: { labelFont: FONT, titleFont: FONT },
    title: { font: FONT },
    text: { font: FONT },
  };
  return await new vega.View(vega.parse(spec, fonts), { renderer: 'none' }).toSVG();
}

/**
 * An SVG as PNG, at twice its size, with a font that is part of this package: the result is the same on every machine.
 */
export async function renderPng(svg: string): Promise<Uint8Array> {
  const { Resvg } = await import('@resvg/resvg-js');
  const { resolve } = createRequire(import.meta.url);
  const fontFiles = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((file) => resolve(`dejavu-fonts-ttf/ttf/${file}`));
  const font = { loadSystemFonts: false, fontFiles, defaultFontFamily: FONT };
  return new Resvg(svg, { font, fitTo: { mode: 'zoom', value: 2 }, background: 'white' }).render().asPng();
}
