/**
 * The curves of a run, and of several: a chart for each metric over the epochs. The phases of a run follow one another
 * on one axis, as each goes on from the weights that the one before has left.
 */
import type { EpochRecord, Phase } from '@anke/training';
import { type Chart, INK } from './chart.js';
import { SERIES } from './colors.js';
import {
  bestOf,
  drawn,
  epochAxis,
  isShare,
  metricAxis,
  metricsOf,
  metricTitle,
  quantity,
  stretchesOf,
} from './epochs.js';
import { shortName } from './names.js';

/** Colours and strokes of the two sets of data. */
const PARTS = ['validation', 'training'] as const;
const LEGEND = { orient: 'bottom', title: null, symbolType: 'stroke', symbolSize: 300, symbolStrokeWidth: 2 };

/**
 * A chart for each metric, and one of the learning rate where it changes. Of a single epoch, its numbers as bars: a
 * curve of one point would tell nothing. Without an epoch there is no chart.
 */
export function curveCharts(phases: readonly Phase[], width: Width = 'container'): Chart[] {
  const records = phases.flatMap(({ epochs }) => epochs);
  if (records.length === 0) return [];
  const metrics = metricsOf(phases);
  if (records.length === 1)
    return metrics.map((metric) => ({ ...epochBars(metric, records[0] as EpochRecord), width }));
  const rates = records.map((record) => drawn(record['learning_rate']));
  const changes = new Set(rates.filter((rate) => rate !== null)).size > 1;
  const learningRate = (): Chart =>
    panel(
      'Learning rate',
      { phases, width },
      rates.map((value, i) => ({ epoch: i + 1, value, phase: phaseAt(phases, i + 1) })),
      {
        subtitle: 'in each epoch',
        y: metricAxis('learning_rate', rates),
        layer: [
          { mark: { type: 'line', interpolate: 'step', color: SERIES[2], point: { color: SERIES[2], size: 30 } } },
        ],
      },
    );
  return [...metrics.map((metric) => metricChart(metric, { phases, width })), ...(changes ? [learningRate()] : [])];
}

/** All charts of a run in one, two or three in a row. */
export function curvesPicture(phases: readonly Phase[]): Chart {
  const charts = curveCharts(phases, 340);
  return { spacing: 36, columns: charts.length === 3 ? 3 : 2, concat: charts };
}

const phaseAt = (phases: readonly Phase[], epoch: number): string | undefined =>
  stretchesOf(phases).find(({ last }) => epoch <= last)?.phase;

/** A metric in training and validation, with a ring around the best epoch's validation. */
function metricChart(metric: string, { phases, width }: Plot): Chart {
  const records = phases.flatMap(({ epochs }) => epochs);
  const values = records.flatMap((record, i) =>
    PARTS.flatMap((part) => {
      const value = record[part === 'training' ? metric : `val_${metric}`];
      return value === undefined ? [] : [{ epoch: i + 1, phase: phaseAt(phases, i + 1), part, value: drawn(value) }];
    }),
  );
  const best = bestOf(phases);
  const bestValue = drawn(best?.record[`val_${metric}`]);
  const ring =
    best && bestValue !== null
      ? [
          {
            data: { values: [{ epoch: best.ofRun, value: bestValue }] },
            mark: { type: 'point', filled: false, size: 200, strokeWidth: 2, color: SERIES[0] },
          },
        ]
      : [];
  const which = `epoch ${best?.ofRun}${metric === 'loss' ? ', the best' : ''}`;
  const subtitle = ring.length > 0 ? `○ ${which}: ${quantity(metric, bestValue as number)} in validation` : undefined;
  const color = { field: 'part', type: 'nominal', legend: LEGEND, scale: { domain: PARTS, range: SERIES.slice(0, 2) } };
  const dash = {
    field: 'part',
    type: 'nominal',
    legend: LEGEND,
    scale: {
      domain: PARTS,
      range: [
        [1, 0],
        [5, 3],
      ],
    },
  };
  return panel(metricTitle(metric), { phases, width }, values, {
    subtitle,
    y: metricAxis(
      metric,
      values.map(({ value }) => value),
    ),
    layer: [
      { mark: { type: 'line', strokeWidth: 2 }, encoding: { color, strokeDash: dash } },
      { mark: { type: 'point', filled: true, size: 36, opacity: 1 }, encoding: { color } },
      ...ring,
    ],
  });
}

/** In pixels, or all that the page has. */
type Width = number | 'container';

interface Plot {
  readonly phases: readonly Phase[];
  readonly width: Width;
}

interface PanelParts {
  readonly subtitle?: string | undefined;
  readonly y: object;
  readonly layer: readonly object[];
}

/** A chart over the epochs of a run, with a thin line between its phases and their names above. */
function panel(title: string, { phases, width }: Plot, values: readonly object[], { subtitle, y, layer }: PanelParts) {
  const stretches = stretchesOf(phases);
  const last = stretches.at(-1)?.last ?? 1;
  const borders = stretches.slice(1).map(({ first }) => ({ epoch: first - 0.5 }));
  // Where a phase is short, its name is cut.
  const names = stretches.map(({ phase, first, last: end }) => ({
    data: { values: [{ epoch: first === 1 ? 1 : first - 0.5, phase }] },
    mark: {
      type: 'text',
      color: INK,
      align: 'left',
      baseline: 'bottom',
      dx: first === 1 ? 0 : 4,
      dy: -4,
      limit: roomOf((end - first + 0.5) / (last - 1), width),
    },
    encoding: { y: { value: 0 }, text: { field: 'phase' } },
  }));
  const fields = ['epoch', 'phase', ...('part' in (values[0] ?? {}) ? ['part'] : []), 'value'];
  const tooltip = fields.map((field) => ({ field, ...(field === 'value' ? { title: title.toLowerCase() } : {}) }));
  return {
    data: { values },
    width,
    height: 240,
    title: { text: title, ...(subtitle === undefined ? {} : { subtitle }) },
    encoding: { x: epochAxis(last), y, tooltip },
    layer: [
      ...(borders.length > 0
        ? [
            {
              data: { values: borders },
              mark: { type: 'rule', color: INK, strokeWidth: 1, opacity: 0.5 },
              encoding: { y: { value: 0 }, y2: { value: 'height' }, tooltip: null },
            },
          ]
        : []),
      ...(names.length > 1 ? names : []),
      ...layer,
    ],
  };
}

/** Pixels for a name above a share of the axis. */
const roomOf = (share: number, width: Width): unknown =>
  width === 'container' ? { expr: `max(1, width * ${share.toFixed(4)} - 4)` } : Math.max(1, width * share - 4);

/** What a single epoch came to. */
function epochBars(metric: string, record: EpochRecord): Chart {
  const values = PARTS.flatMap((part) => {
    const value = record[part === 'training' ? metric : `val_${metric}`];
    return value === undefined ? [] : [{ name: part, value: drawn(value), text: quantity(metric, value) }];
  });
  return bars(`${metricTitle(metric)} after one epoch`, metric, values);
}

interface Bar {
  readonly name: string;
  readonly value: number | null;
  /** The value for people. */
  readonly text: string;
}

/** Numbers as bars from zero, each with its name and its value at the left. */
function bars(title: string, metric: string, values: readonly Bar[]): Chart {
  const labels = values.map(({ name, text }) => `${shortName(name, 28)}  ${text}`);
  const format = isShare(metric) ? { format: '%' } : {};
  return {
    data: { values: values.map(({ name, value, text }, i) => ({ name, value, text, bar: i })) },
    width: 'container',
    height: 34 * values.length, // a step for each would make Vega-Lite warn of the width that it is told to fill
    title: { text: title },
    mark: { type: 'bar' },
    encoding: {
      y: {
        field: 'bar',
        type: 'nominal',
        sort: null,
        title: null,
        axis: { labelExpr: `${JSON.stringify(labels)}[datum.value]`, labelLimit: 400, ticks: false, labelPadding: 8 },
      },
      x: {
        field: 'value',
        type: 'quantitative',
        title: null,
        scale: { zero: true, ...(isShare(metric) ? { domain: [0, 1] } : {}) },
        axis: { tickCount: 5, ...format },
      },
      color: { field: 'bar', type: 'nominal', scale: { range: SERIES }, legend: null },
      tooltip: [{ field: 'name' }, { field: 'text', title: metric }],
    },
  };
}

/** A run's epochs by what their validation came to: the accuracy only of classifiers. */
export interface ComparedRun {
  readonly run: string;
  /** Those that were validated, counted from 1 through all phases. */
  readonly epochs: readonly { readonly epoch: number; readonly loss: number; readonly accuracy?: number | undefined }[];
}

/** Validation loss and accuracy of several runs. Where each has a single epoch, as bars. */
export function comparisonChart(runs: readonly ComparedRun[]): Chart {
  const last = Math.max(...runs.flatMap(({ epochs }) => epochs.map(({ epoch }) => epoch)));
  const chart = (metric: 'loss' | 'accuracy'): object => {
    const title = metricTitle(`val_${metric}`);
    const values = runs.flatMap(({ run, epochs }) =>
      epochs.map((one) => ({
        run,
        epoch: one.epoch,
        value: drawn(one[metric]),
        text: quantity(metric, one[metric]),
      })),
    );
    const numbers = values.map(({ value }) => value);
    if (last < 2) {
      const named = values.map((one) => ({ ...one, name: one.run }));
      return { ...bars(title, metric, named), width: 400 };
    }
    return {
      data: { values },
      width: 400,
      height: 280,
      title: { text: title },
      mark: { type: 'line', strokeWidth: 2, point: { size: 36, filled: true } },
      encoding: {
        x: epochAxis(last),
        y: metricAxis(metric, numbers),
        color: {
          field: 'run',
          type: 'nominal',
          sort: null,
          scale: { range: SERIES },
          legend: { orient: 'bottom', title: null, labelLimit: 300, columns: 2 },
        },
      },
    };
  };
  const isClassified = runs.some(({ epochs }) => epochs.some(({ accuracy }) => accuracy !== undefined));
  return { spacing: 40, hconcat: [chart('loss'), ...(isClassified ? [chart('accuracy')] : [])] };
}
