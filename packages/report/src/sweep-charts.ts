/** The charts of a sweep: parallel coordinates of what was tried, and the trials' curves over one another. */
import type { EpochRecord, Range, ResolvedSweep, Values } from '@anke/training';
import { type Chart, INK } from './chart.js';
import { RIGHT, WRONG } from './colors.js';
import { drawn, epochAxis, metricAxis, metricTitle, quantity } from './epochs.js';
import { shortName } from './names.js';

/** A trial of a sweep. */
export interface SweptTrial {
  /** Counted from 1. */
  readonly trial: number;
  /** Its folder in the sweep's. */
  readonly run: string;
  readonly state: string;
  readonly values: Values;
  /** What it came to after so many epochs, as often as trials were compared. */
  readonly rungs: readonly { readonly epochs: number; readonly value: number | null }[];
  /** The last of these; null if there is none. */
  readonly value: number | null;
  /** Why it has failed. */
  readonly reason?: string | undefined;
  readonly records: readonly EpochRecord[];
}

/** Of the last part of a path, where that tells it from the others. */
export function shortPaths(paths: readonly string[]): string[] {
  const last = paths.map((path) => path.split('.').at(-1) ?? path);
  return paths.map((path, i) => (last.filter((one) => one === last[i]).length > 1 ? path : (last[i] as string)));
}

export const valueText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** Results from the worst to the best. */
const resultColor = ({ metric, goal }: ResolvedSweep): object => ({
  field: 'result',
  type: 'quantitative',
  title: metricTitle(metric),
  scale: { range: goal === 'min' ? [RIGHT, WRONG] : [WRONG, RIGHT], zero: false, nice: false },
  legend: {
    orient: 'bottom',
    offset: 26,
    tickCount: 3,
    ...(metric.endsWith('accuracy') ? { format: '%' } : {}),
  },
});

/** Where a value stands on its parameter's axis, from 0 to 1. */
function placeOf(range: Range, value: unknown): number {
  if (range.type === 'choice') {
    const keys = range.values.map((one) => JSON.stringify(one));
    return keys.length === 1 ? 0.5 : keys.indexOf(JSON.stringify(value)) / (keys.length - 1);
  }
  const { low, high } = range;
  return range.type === 'logUniform'
    ? Math.log((value as number) / low) / Math.log(high / low)
    : ((value as number) - low) / (high - low);
}

const endsOf = (range: Range): readonly [string, string] =>
  range.type === 'choice'
    ? [valueText(range.values[0]), range.values.length > 1 ? valueText(range.values.at(-1)) : '']
    : [String(range.low), String(range.high)];

/** A line a trial, which crosses each parameter's axis at the trial's value; blue ones came to the best results. */
export function parallelCoordinates(sweep: ResolvedSweep, trials: readonly SweptTrial[]): Chart {
  const { parameters, metric } = sweep;
  const paths = Object.keys(parameters);
  const names = shortPaths(paths);
  const known = trials.filter(({ value }) => value !== null);
  const values = known.flatMap(({ trial, values, value }) =>
    paths.map((path, i) => ({
      trial,
      axis: names[i],
      order: i,
      place: placeOf(parameters[path] as Range, values[path]),
      value: valueText(values[path]),
      result: value,
      text: quantity(metric, value ?? undefined),
    })),
  );
  const ends = paths.map((path, i) => {
    const [low, high] = endsOf(parameters[path] as Range);
    return { axis: names[i], bottom: 0, top: 1, low: shortName(low, 14), high: shortName(high, 14) };
  });
  const x = {
    field: 'axis',
    type: 'nominal',
    sort: null,
    title: null,
    axis: { orient: 'top', labelAngle: 0, ticks: false, domain: false, labelPadding: 22, labelLimit: 130 },
  };
  const y = (field: 'place' | 'bottom' | 'top'): object => ({
    ...{ field, type: 'quantitative', title: null, axis: null, scale: { domain: [0, 1] } },
  });
  const end = (place: 'bottom' | 'top', text: 'low' | 'high', dy: number): object => ({
    data: { values: ends },
    mark: { type: 'text', color: INK, dy, fontSize: 12 },
    encoding: { x, y: y(place), text: { field: text } },
  });
  const tooltip = ['trial', 'axis', 'value', 'text'].map((field) => ({
    field,
    title: { axis: 'parameter', text: metric }[field] ?? field,
  }));
  return {
    width: 'container',
    height: 260,
    padding: { left: 5, right: 5, top: 5, bottom: 20 },
    layer: [
      {
        data: { values: ends },
        mark: { type: 'rule', color: INK, opacity: 0.4 },
        encoding: { x, y: y('bottom'), y2: { field: 'top' } },
      },
      {
        data: { values },
        mark: { type: 'line', strokeWidth: 1.5, opacity: 0.75 },
        encoding: {
          x,
          y: y('place'),
          order: { field: 'order' },
          detail: { field: 'trial' },
          color: resultColor(sweep),
        },
      },
      {
        data: { values },
        mark: { type: 'point', filled: true, size: 40, opacity: 1 },
        encoding: { x, y: y('place'), color: resultColor(sweep), tooltip },
      },
      end('top', 'high', -12),
      end('bottom', 'low', 14),
    ],
  };
}

/** The metric of all trials over their epochs; undefined where none has had two. */
export function trialCurves(sweep: ResolvedSweep, trials: readonly SweptTrial[]): Chart | undefined {
  const { metric } = sweep;
  const values = trials.flatMap(({ trial, records, value: result }) =>
    records.flatMap((record, i) => {
      const value = drawn(record[metric]);
      return value === null || result === null
        ? []
        : [{ trial, epoch: i + 1, value, result, text: quantity(metric, value) }];
    }),
  );
  const last = Math.max(0, ...values.map(({ epoch }) => epoch));
  if (last < 2) return undefined;
  const best = trials[0]?.trial;
  return {
    data: { values },
    width: 'container',
    height: 300,
    mark: { type: 'line', point: { size: 30, filled: true } },
    encoding: {
      x: epochAxis(last),
      y: metricAxis(
        metric,
        values.map(({ value }) => value),
      ),
      detail: { field: 'trial' },
      color: resultColor(sweep),
      strokeWidth: { condition: { test: `datum.trial === ${best}`, value: 3.5 }, value: 1.25 },
      tooltip: ['trial', 'epoch', 'text'].map((field) => ({ field, title: field === 'text' ? metric : field })),
    },
  };
}
