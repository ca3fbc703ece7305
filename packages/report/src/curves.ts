/** The notebook's picture: validation loss and accuracy over the epochs, a line a phase. */
import type { Phase } from '@anke/training';
import type { Chart } from './charts.js';
import { epochAxis, phaseTitle } from './epochs.js';

const COLORS = ['#1f77b4', '#ff7f0e', '#2ca02c', '#9467bd', '#d62728', '#8c564b'];

export function curvesPicture(phases: readonly Phase[]): Chart {
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
  return {
    spacing: 36,
    data: { values },
    hconcat: [panel('loss', 'Validation loss'), panel('accuracy', 'Validation accuracy')],
    config: {
      axis: { labelFontSize: 11, titleFontSize: 12, titleFontWeight: 'normal', gridColor: '#e6e6e6', titlePadding: 10 },
      legend: { labelFontSize: 12, titleFontSize: 12, titleFontWeight: 'normal' },
      view: { stroke: '#bbbbbb' },
    },
  };
}
