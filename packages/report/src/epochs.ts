/** What all charts over epochs share: which metrics there are, how they are called, and the axes. */
import { OPTIMIZER_TYPES } from '@anke/nn';
import { bestEpochOf, type EpochRecord, type HistoryRow, type Phase, quantitiesOf } from '@anke/training';
import { figure, percent } from './format.js';

/** A phase's name for people. */
export const phaseTitle = (name: string): string => OPTIMIZER_TYPES.find((type) => type.toLowerCase() === name) ?? name;

/** The loss and the metrics that epochs tell of, without those of validation, whose names begin with `val_`. */
export const metricsOf = (phases: readonly Pick<Phase, 'epochs'>[]): string[] =>
  quantitiesOf(phases).filter((name) => !/^val_|^learning_rate$/.test(name));

/** val_top_5_accuracy: Validation top 5 accuracy */
export function metricTitle(name: string): string {
  const words = name.replace(/^val_/, 'validation ').replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Whether people read a metric in percent. */
export const isShare = (metric: string): boolean => metric.endsWith('accuracy');

/** A quantity as people read it; a dash where an epoch has none. */
export const quantity = (name: string, value: number | undefined): string =>
  value === undefined ? '–' : isShare(name) ? percent(value) : figure(value);

/** A phase on the axis of all epochs of a run, which count on from phase to phase. */
export interface Stretch {
  readonly phase: string;
  readonly first: number;
  readonly last: number;
}

/** Where the phases of a run lie; those without an epoch are left out. */
export function stretchesOf(phases: readonly Phase[]): Stretch[] {
  let before = 0;
  return phases
    .map(({ name, epochs }) => {
      const first = before + 1;
      before += epochs.length;
      return { phase: phaseTitle(name), first, last: before };
    })
    .filter(({ first, last }) => last >= first);
}

/** The epoch with the least validation loss, counted from the run's first; undefined where no epoch was validated. */
export function bestOf(phases: readonly Phase[]): (HistoryRow & { readonly ofRun: number }) | undefined {
  const isValidated = (record: EpochRecord): boolean => Number.isFinite(record['val_loss']);
  const best = bestEpochOf(phases.map((phase) => ({ ...phase, epochs: phase.epochs.filter(isValidated) })));
  if (!best) return undefined;
  const ofRun = 1 + phases.flatMap(({ epochs }) => epochs).indexOf(best.record);
  const epoch = 1 + Math.max(...phases.map(({ epochs }) => epochs.indexOf(best.record)));
  return { ...best, epoch, ofRun };
}

/** The axis of epochs in Vega-Lite: from 1 to the last, with whole numbers at it, at most a dozen. */
export function epochAxis(last: number): object {
  const step = Math.ceil(last / 12);
  const values = Array.from({ length: Math.ceil(last / step) }, (_, i) => 1 + i * step);
  return {
    field: 'epoch',
    type: 'quantitative',
    title: 'Epoch',
    scale: { domain: [1, last], nice: false, padding: 10 },
    axis: { values, format: 'd', grid: false, labelFlush: false },
  };
}

/** From this ratio of the largest to the least on, values cannot be told apart on a linear axis. */
const wideFrom = (metric: string): number =>
  isShare(metric) ? Number.POSITIVE_INFINITY : metric === 'learning_rate' ? 5 : 1000;

/** The axis of a metric: its ticks have as many digits as tell them apart, and there is room around its values. */
export function metricAxis(metric: string, values: readonly (number | null)[]): object {
  const numbers = values.filter((value) => value !== null);
  const isWide = Math.min(...numbers) > 0 && Math.max(...numbers) >= wideFrom(metric) * Math.min(...numbers);
  const format = isShare(metric) ? '%' : metric === 'learning_rate' ? '.3~g' : isWide ? '~g' : undefined;
  return {
    field: 'value',
    type: 'quantitative',
    title: null,
    scale: { type: isWide ? 'log' : 'linear', nice: false, padding: 12, ...(isWide ? {} : { zero: false }) },
    axis: { ...ticksOf(metric, numbers), ...(format === undefined ? {} : { format }) },
  };
}

/** Few learning rates are all ticks themselves. */
function ticksOf(metric: string, values: readonly number[]): object {
  const different = [...new Set(values)];
  return metric === 'learning_rate' && different.length <= 5 ? { values: different } : { tickCount: 6 };
}

/** What a chart draws of a number: one that is not finite is left out, and the line breaks there. */
export const drawn = (value: number | undefined): number | null => (Number.isFinite(value) ? (value as number) : null);
