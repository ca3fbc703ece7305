/** What all charts and tables over epochs share: their axis, and the names of phases and metrics. */
import { OPTIMIZER_TYPES } from '@anke/nn';
import { type Phase, quantitiesOf } from '@anke/training';
import { percent } from './format.js';

/** A phase's name for people. */
export const phaseTitle = (name: string): string => OPTIMIZER_TYPES.find((type) => type.toLowerCase() === name) ?? name;

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

/** The metrics that epochs tell beside the loss. */
export const metricsOf = (phases: readonly Pick<Phase, 'epochs'>[]): string[] =>
  quantitiesOf(phases).filter((name) => !/^val_|^(val_)?loss$|^learning_rate$/.test(name));

/** «Top k categorical accuracy»; «Validation accuracy» */
export function quantityTitle(name: string): string {
  const words = name.replace(/^val_/, 'validation_').replaceAll('_', ' ');
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}

/** A quantity as people read it: accuracies in percent; a dash where an epoch has none. */
export function quantity(name: string, value: number | undefined): string {
  if (value === undefined) return '–';
  return name.endsWith('accuracy') ? percent(value) : value.toFixed(4);
}
