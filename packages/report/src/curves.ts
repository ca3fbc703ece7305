/** The notebook's picture: validation loss and metrics, of it the accuracy, over the epochs, a line a phase. */
import type { Phase } from '@anke/training';
import type { Chart } from './charts.js';
import { epochAxis, metricsOf, phaseTitle, quantityTitle } from './epochs.js';

const COLORS = ['#1f77b4', '#ff7f0e', '#2ca02c', '#9467bd', '#d62728', '#8c564b'];

export function curvesPicture(phases: readonly Phase[]): Chart {
  const shownQuantities = ['loss', ...metricsOf(phases)];
  const values = phases.flatMap(({ name, epochs }) =>
    epochs.flatMap((record, i) => {
      if (record['val_loss'] === undefined) return [];
      const own = shownQuantities.map((one) => [one, record[`val_${one}`]]);
      return [{ phase: phaseTitle(name), epoch: i + 1, ...Object.fromEntries(own) }];
    }),
  );
  const shown = phases.filter(({ epochs }) => epochs.length > 0).map(({ name }) => phaseTitle(name));
  const panel = (field: string, name: string): object => ({
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
        axis: { format: field.endsWith('accuracy') ? '.3f' : '~g' },
      },
      color: {
        field: 'phase',
        type: 'nominal',
        title: 'Phase',
        scale: { domain: shown, range: COLORS },
      },
    },
  });
  return {
    spacing: 36,
    data: { values },
    columns: 2,
    concat: shownQuantities.map((name) => panel(name, quantityTitle(`val_${name}`))),
    config: {
      axis: { labelFontSize: 11, titleFontSize: 12, titleFontWeight: 'normal', gridColor: '#e6e6e6', titlePadding: 10 },
      legend: { labelFontSize: 12, titleFontSize: 12, titleFontWeight: 'normal' },
      view: { stroke: '#bbbbbb' },
    },
  };
}
