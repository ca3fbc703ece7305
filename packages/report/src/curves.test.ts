/** What the curves show of a history: which epochs lie where, which one is marked, and how the axes are labelled. */
import type { EpochRecord, Phase } from '@anke/training';
import { expect, test, vi } from 'vitest';
import type { Chart } from './chart.js';
import { comparisonChart, curveCharts, curvesPicture } from './curves.js';
import { chartSvg, vegaSpec } from './render.js';

const epoch = (loss: number, accuracy: number, rate = 0.001): EpochRecord => ({
  loss,
  accuracy,
  val_loss: loss + 0.1,
  val_accuracy: accuracy - 0.02,
  learning_rate: rate,
  seconds: 2,
});
const phase = (name: string, ...epochs: EpochRecord[]): Phase => ({
  name,
  epochs,
  bestEpoch: undefined,
  stoppedEarly: false,
});

const ADAM = phase('adam', epoch(4, 0.4), epoch(2, 0.8), epoch(1, 0.9), epoch(0.9, 0.95));
const SGD = phase('sgd', epoch(0.5, 0.98, 0.01), epoch(0.7, 0.97, 0.01));

/** All values under a key, wherever they are. */
const all = (value: unknown, key: string): unknown[] =>
  typeof value !== 'object' || value === null
    ? []
    : Object.entries(value).flatMap(([name, one]) => [...(name === key ? [one] : []), ...all(one, key)]);
const titles = (charts: readonly Chart[]): unknown[] =>
  charts.map((chart) => (chart['title'] as { text: string }).text);
const rowsOf = (chart: Chart | undefined): { epoch: number; part?: string; value: number | null; phase: string }[] =>
  (chart as { data: { values: never[] } } | undefined)?.data.values ?? [];

test('phases go on from one another on one axis, with a line between them and their names above', () => {
  const charts = curveCharts([ADAM, SGD]);
  expect(titles(charts)).toEqual(['Loss', 'Accuracy', 'Learning rate']);
  const [loss] = charts;
  const validation = rowsOf(loss).filter(({ part }) => part === 'validation');
  expect(validation.map((row) => [row.epoch, row.phase])).toEqual([
    [1, 'Adam'],
    [2, 'Adam'],
    [3, 'Adam'],
    [4, 'Adam'],
    [5, 'SGD'],
    [6, 'SGD'],
  ]);
  const layers = loss?.['layer'] as {
    data?: { values: { epoch: number; phase?: string }[] };
    mark: { type: string };
  }[];
  expect(layers.find(({ mark }) => mark.type === 'rule')?.data?.values).toEqual([{ epoch: 4.5 }]);
  const names = layers.filter(({ mark }) => mark.type === 'text').map(({ data }) => data?.values[0]);
  expect(names).toEqual([
    { epoch: 1, phase: 'Adam' },
    { epoch: 4.5, phase: 'SGD' },
  ]);
});

test('the epoch with the best validation loss is marked in each chart, and named', () => {
  const [loss, accuracy] = curveCharts([ADAM, SGD]);
  const ring = (chart: Chart | undefined): unknown => (chart as { layer: Chart[] } | undefined)?.layer.at(-1)?.['data'];
  expect(ring(loss)).toEqual({ values: [{ epoch: 5, value: 0.6 }] });
  expect(ring(accuracy)).toEqual({ values: [{ epoch: 5, value: 0.96 }] });
  expect(all(loss, 'subtitle')).toEqual(['○ epoch 5, the best: 0.6000 in validation']);
  expect(all(accuracy, 'subtitle')).toEqual(['○ epoch 5: 96.00% in validation']);
});

test('every epoch is between the axis’s ends, and ticks are not rounded', async () => {
  const svg = await chartSvg(curvesPicture([phase('adam', epoch(3.7852, 0.9881), epoch(3.7841, 0.9893))]));
  const labels = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, label]) => label as string);
  // Two tenths of a percent apart: whole percents would be the same label several times.
  const percents = labels.filter((label) => /^[\d.]+%$/.test(label));
  expect(percents.length).toBeGreaterThan(2);
  expect(new Set(percents).size).toBe(percents.length);
  expect(labels.filter((label) => /^[12]$/.test(label))).toEqual(['1', '2', '1', '2']);
  const scale = (curveCharts([ADAM])[0]?.['encoding'] as { x: { scale: object }; y: { scale: object } }) ?? {};
  expect(scale.x.scale).toMatchObject({ domain: [1, 4], padding: 10 });
  expect(scale.y.scale).toMatchObject({ padding: 12, zero: false });
});

test('a history may have other metrics; each has a chart of its own, in training and in validation', () => {
  const more = { ...epoch(2, 0.5), top_5_accuracy: 0.9, val_top_5_accuracy: 0.8, precision: 0.7, val_precision: 0.6 };
  const charts = curveCharts([phase('adam', more, more)]);
  expect(titles(charts)).toEqual(['Loss', 'Accuracy', 'Top 5 accuracy', 'Precision']);
  expect(rowsOf(charts[3]).map(({ value }) => value)).toEqual([0.6, 0.7, 0.6, 0.7]);
});

test('without validation there are no marks and no second curve', () => {
  const only = { loss: 1, accuracy: 0.5, seconds: 1 };
  const [loss] = curveCharts([phase('adam', only, only)]);
  expect(new Set(rowsOf(loss).map(({ part }) => part))).toEqual(new Set(['training']));
  expect(all(loss, 'subtitle')).toEqual([]);
});

test('of a single epoch the numbers are shown as bars, of none there is nothing', () => {
  const charts = curveCharts([phase('adam', epoch(3.7852, 0.4)), phase('sgd')]);
  expect(charts.map((chart) => (chart['mark'] as { type: string }).type)).toEqual(['bar', 'bar']);
  expect(charts[0]?.['data']).toMatchObject({
    values: [
      { name: 'validation', text: '3.8852' },
      { name: 'training', text: '3.7852' },
    ],
  });
  expect(all(charts[0], 'labelExpr')[0]).toContain('validation  3.8852');
  expect(curveCharts([phase('adam')])).toEqual([]);
});

test('drawing the bars of a single epoch says nothing', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  for (const chart of curveCharts([phase('adam', epoch(3.7852, 0.4))])) await vegaSpec(chart);
  expect(warn).not.toHaveBeenCalled();
  warn.mockRestore();
});

test('a value that is not finite is a gap, and a loss that grows without bounds has a logarithmic axis', () => {
  const charts = curveCharts([phase('adam', epoch(1, 0.4), epoch(Number.NaN, 0.1), epoch(1e12, 0.1))]);
  expect(all(curveCharts([phase('adam', epoch(Number.NaN, 0.1), epoch(2, 0.4), epoch(1, 0.5))]), 'subtitle')).toEqual([
    '○ epoch 3, the best: 1.1000 in validation',
    '○ epoch 3: 48.00% in validation',
  ]);
  const training = rowsOf(charts[0]).filter(({ part }) => part === 'training');
  expect(training.map(({ value }) => value)).toEqual([1, null, 1e12]);
  const y = ({ encoding }: Chart): unknown => (encoding as { y: { scale: { type: string } } }).y.scale.type;
  expect(charts.map(y)).toEqual(['log', 'linear']);
});

test('losses of many sizes have ticks that are read at once: 0.001, and not 1e-3', async () => {
  const charts = curveCharts([phase('adam', epoch(1, 0.4), epoch(0.01, 0.9), epoch(0.0002, 1))]);
  expect(await chartSvg(charts[0] as Chart)).toMatch(/>0\.001</);
});

test('runs of one epoch are compared as bars, longer ones as curves', () => {
  const run = (name: string, epochs: number) => ({
    run: name,
    epochs: Array.from({ length: epochs }, (_, i) => ({ epoch: i + 1, loss: 1, accuracy: 0.5 })),
  });
  expect(all(comparisonChart([run('a', 1), run('b', 1)]), 'type')).toContain('bar');
  expect(all(comparisonChart([run('a', 1), run('b', 3)]), 'type')).not.toContain('bar');
});
