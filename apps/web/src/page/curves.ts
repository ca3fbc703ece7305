/** Curves of a run, epoch by epoch, as SVG: what it trains on, and what it has not seen. */
import { svg } from './element.js';

export interface Series {
  /** The class that gives it its colour: `training`, `validation`, or `run0` … `run3`. */
  readonly name: string;
  readonly values: readonly (number | undefined)[];
}

const BOX = { left: 40, right: 412, top: 10, bottom: 162, height: 190 };

const isDrawn = (value: number | undefined): value is number => value !== undefined && Number.isFinite(value);

/** Three to five round numbers within a range. */
export function ticks(least: number, most: number): number[] {
  const rough = (most - least) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const first = Math.ceil(least / step - 1e-9);
  return Array.from({ length: Math.floor(most / step + 1e-9) - first + 1 }, (_, i) => (first + i) * step);
}

export interface CurveOptions {
  /** From where to where the axis goes; to the largest value, if its end is undefined. */
  readonly range: readonly [number, number | undefined];
  readonly format: (value: number) => string;
}

export const ACCURACY: CurveOptions = { range: [0, 1], format: (value) => `${Math.round(100 * value)}%` };
export const LOSS: CurveOptions = { range: [0, undefined], format: (value) => String(Number(value.toPrecision(2))) };

export function drawCurves(target: Element, series: readonly Series[], { range, format }: CurveOptions): void {
  const all = series.flatMap(({ values }) => values.filter(isDrawn));
  const epochs = Math.max(0, ...series.map(({ values }) => values.length));
  const least = range[0];
  const most = range[1] ?? Math.max(1, ...all);
  const x = (epoch: number): number =>
    BOX.left + ((BOX.right - BOX.left) * epoch) / Math.max(1, Math.max(epochs, 5) - 1);
  const y = (value: number): number =>
    BOX.bottom - ((BOX.bottom - BOX.top) * (Math.min(value, most) - least)) / (most - least);
  const parts: SVGElement[] = [];
  for (const tick of ticks(least, most)) {
    parts.push(svg('line', { class: 'grid', x1: BOX.left, x2: BOX.right, y1: y(tick), y2: y(tick) }));
    parts.push(svg('text', { class: 'tick', x: BOX.left - 6, y: y(tick) + 4, 'text-anchor': 'end' }, format(tick)));
  }
  parts.push(svg('text', { class: 'tick', x: BOX.left, y: BOX.height - 8 }, 'epoch 1'));
  const end = { class: 'tick', x: BOX.right, y: BOX.height - 8, 'text-anchor': 'end' };
  if (epochs > 1) parts.push(svg('text', end, String(epochs)));
  for (const { name, values } of series) {
    let command = 'M';
    const d = values.map((value, i) => {
      if (value === undefined) return '';
      if (!isDrawn(value)) {
        command = 'M'; // the line breaks where there is nothing to draw
        return '';
      }
      const point = `${command}${x(i).toFixed(1)} ${y(value).toFixed(1)}`;
      command = 'L';
      return point;
    });
    parts.push(svg('path', { class: `curve ${name}`, d: d.join('') }));
    const last = values.findLastIndex(isDrawn);
    if (last >= 0)
      parts.push(svg('circle', { class: `curve-end ${name}`, cx: x(last), cy: y(values[last] as number), r: 3.5 }));
  }
  target.replaceChildren(...parts);
}
