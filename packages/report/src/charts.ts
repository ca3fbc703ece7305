/**
 * The report's charts, as specifications of Vega-Lite: data, and what to draw of it. Vega draws them in the browser,
 * and on disk as SVG.
 */
import type { Phase } from '@anke/training';
import { epochAxis, metricsOf, phaseTitle, quantityTitle } from './epochs.js';

/** A specification of Vega-Lite. It has no background of its own: the page's shows through, dark or light. */
export type Chart = Readonly<Record<string, unknown>>;

const COLORS = ['#4c8fd0', '#f08a24', '#3aa06b', '#a06bd0', '#d05a5a', '#a08060'];

/** Loss and metrics over the epochs, in training and in validation; a point shows its numbers. */
export function curvesChart(phases: readonly Phase[]): Chart {
  const shownQuantities = ['loss', ...metricsOf(phases)];
  const values = phases.flatMap(({ name, epochs }) =>
    epochs.flatMap((record, i) =>
      (['training', 'validation'] as const).flatMap((part) => {
        const prefix = part === 'training' ? '' : 'val_';
        if (record[`${prefix}loss`] === undefined) return [];
        const own = shownQuantities.map((one) => [one, record[`${prefix}${one}`]]);
        return [{ phase: phaseTitle(name), part, epoch: i + 1, ...Object.fromEntries(own) }];
      }),
    ),
  );
  const shown = [...new Set(values.map(({ phase }) => phase))];
  const panel = (field: string, name: string): object => ({
    width: 380,
    height: 260,
    title: name,
    layer: [
      {
        mark: 'line',
        encoding: {
          strokeDash: {
            field: 'part',
            type: 'nominal',
            title: 'Data',
            legend: { symbolType: 'stroke', symbolSize: 400, symbolStrokeColor: '#8a94a3', symbolStrokeWidth: 2 },
            scale: {
              domain: ['validation', 'training'],
              range: [
                [1, 0],
                [4, 3],
              ],
            },
          },
        },
      },
      { mark: { type: 'point', filled: true, size: 40, opacity: 1 } },
    ],
    encoding: {
      x: epochAxis(phases),
      y: { field, type: 'quantitative', title: name, scale: { zero: false } },
      color: {
        field: 'phase',
        type: 'nominal',
        title: 'Phase',
        scale: { domain: shown, range: COLORS },
      },
      tooltip: ['phase', 'part', 'epoch', ...shownQuantities].map((one) => ({
        field: one,
        ...(shownQuantities.includes(one) ? { format: '.4f' } : {}),
      })),
    },
  });
  const panels = shownQuantities.map((name) => panel(name, quantityTitle(name)));
  return { data: { values }, spacing: 40, columns: 2, concat: panels };
}

/** A run's epochs by what their validation came to: the accuracy only of classifiers. */
export interface ComparedRun {
  readonly run: string;
  readonly epochs: readonly { readonly epoch: number; readonly loss: number; readonly accuracy?: number | undefined }[];
}

/** Validation loss and accuracy of several runs, epoch by epoch through all phases. */
export function comparisonChart(runs: readonly ComparedRun[]): Chart {
  const values = runs.flatMap(({ run, epochs }) => epochs.map((epoch) => ({ run, ...epoch })));
  const panel = (field: string, name: string): object => ({
    width: 400,
    height: 280,
    title: name,
    mark: { type: 'line', point: { size: 36, filled: true } },
    encoding: {
      x: epochAxis(runs),
      y: { field, type: 'quantitative', title: name, scale: { zero: false } },
      color: { field: 'run', type: 'nominal', title: 'Run', sort: null, legend: { labelLimit: 300 } },
    },
  });
  const panels = [panel('loss', 'Validation loss')];
  if (values.some(({ accuracy }) => accuracy !== undefined)) panels.push(panel('accuracy', 'Validation accuracy'));
  return { data: { values }, spacing: 40, hconcat: panels };
}

/** True classes down, predicted ones across: the darker, the larger the share of the true class. Zeros are left out. */
export function confusionChart(matrix: readonly (readonly number[])[], names: readonly string[]): Chart {
  const values = matrix.flatMap((row, i) => {
    const total = row.reduce((a, b) => a + b, 0);
    return row.map((images, j) => ({
      truth: names[i],
      predicted: names[j],
      images,
      share: total > 0 ? images / total : 0,
    }));
  });
  const side = Math.max(220, Math.min(520, 44 * names.length));
  const axis = (field: string, name: string): object => ({
    field,
    type: 'nominal',
    title: name,
    sort: null,
    scale: { domain: names },
    axis: { labelAngle: 0 },
  });
  return {
    data: { values },
    width: side,
    height: side,
    encoding: { x: axis('predicted', 'Predicted class'), y: axis('truth', 'True class') },
    layer: [
      {
        transform: [{ filter: 'datum.images > 0' }],
        mark: { type: 'rect', tooltip: true },
        encoding: {
          color: {
            field: 'share',
            type: 'quantitative',
            scale: { type: 'pow', exponent: 0.4, domain: [0, 1], range: ['#b9d6f0', '#1f5f9f'] },
            legend: null,
          },
          tooltip: [{ field: 'truth' }, { field: 'predicted' }, { field: 'images' }, { field: 'share', format: '.2%' }],
        },
      },
      {
        transform: [{ filter: 'datum.images > 0' }],
        mark: { type: 'text', fontSize: 12 },
        encoding: {
          text: { field: 'images' },
          color: { condition: { test: 'datum.share > 0.25', value: 'white' }, value: '#333' },
        },
      },
    ],
  };
}
