/** The notebook's picture: validation loss and accuracy over the epochs, a line a phase. */
import { createRequire } from 'node:module';
import { Resvg } from '@resvg/resvg-js';
import * as vega from 'vega';
import * as vegaLite from 'vega-lite';
import type { Phase } from '../training.js';

const FONT = 'DejaVu Sans';
const COLORS = ['#1f77b4', '#ff7f0e', '#2ca02c', '#9467bd', '#d62728', '#8c564b'];

/** A phase's name for people. */
export const phaseTitle = (name: string): string => ({ adam: 'Adam', sgd: 'SGD' })[name] ?? name;

/** The axis of epochs in Vega-Lite: from 1 to the longest run's last, with whole numbers at it, at most a dozen. */
export function epochAxis(runs: readonly { readonly epochs: readonly unknown[] }[]): object {
  const longest = Math.max(2, ...runs.map(({ epochs }) => epochs.length));
  const step = Math.ceil(longest / 12);
  const values = Array.from({ length: Math.ceil(longest / step) }, (_, i) => 1 + i * step);
  return {
    field: 'epoch',
    type: 'quantitative',
    title: 'Epoch',
    scale: { domain: [1, longest], nice: false },
    axis: { values, format: 'd' },
  };
}

/** The picture as SVG. */
export async function curvesSvg(phases: readonly Phase[]): Promise<string> {
  const values = phases.flatMap(({ name, epochs }) =>
    epochs.map((record, i) => ({
      phase: phaseTitle(name),
      epoch: i + 1,
      loss: record['val_loss'],
      accuracy: record['val_accuracy'],
    })),
  );
  const shown = phases.filter(({ epochs }) => epochs.length > 0).map(({ name }) => phaseTitle(name));
  const panel = (field: 'loss' | 'accuracy', name: string): object => ({
    width: 360,
    height: 260,
    title: { text: name, fontSize: 14, offset: 12 },
    mark: { type: 'line', point: { size: 36, filled: true }, strokeWidth: 2 },
    encoding: {
      x: epochAxis(phases),
      y: {
        field,
        type: 'quantitative',
        title: name,
        scale: { zero: false },
        axis: { format: field === 'accuracy' ? '.3f' : '~g' },
      },
      color: {
        field: 'phase',
        type: 'nominal',
        title: 'Phase',
        scale: { domain: shown, range: COLORS },
      },
    },
  });
  const specification = {
    $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
    background: 'white',
    padding: 16,
    spacing: 36,
    data: { values },
    hconcat: [panel('loss', 'Validation loss'), panel('accuracy', 'Validation accuracy')],
    config: {
      font: FONT,
      axis: { labelFontSize: 11, titleFontSize: 12, titleFontWeight: 'normal', gridColor: '#e6e6e6', titlePadding: 10 },
      legend: { labelFontSize: 12, titleFontSize: 12, titleFontWeight: 'normal' },
      view: { stroke: '#bbbbbb' },
    },
  };
  const { spec } = vegaLite.compile(specification as unknown as vegaLite.TopLevelSpec);
  return await new vega.View(vega.parse(spec), { renderer: 'none' }).toSVG();
}

/** An SVG as PNG, at twice its size, with the font that comes along: the result is the same on every machine. */
export function renderPng(svg: string): Uint8Array {
  const { resolve } = createRequire(import.meta.url);
  const fontFiles = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((file) => resolve(`dejavu-fonts-ttf/ttf/${file}`));
  const font = { loadSystemFonts: false, fontFiles, defaultFontFamily: FONT };
  return new Resvg(svg, { font, fitTo: { mode: 'zoom', value: 2 }, background: 'white' }).render().asPng();
}
