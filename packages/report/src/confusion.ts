/**
 * The confusion matrix as a chart: true classes down, predicted ones across. A cell is the stronger, the larger its
 * share of the true class; nothing is the background, dark or light. What is right and what is wrong have colours of
 * their own, each with its scale beside it.
 */
import { type Chart, INK } from './chart.js';
import { RIGHT, WRONG } from './colors.js';
import { percent } from './format.js';
import { shortName } from './names.js';

/** A name is cut where it is longer than this; the tooltip has the whole. */
const LONGEST = 16;
/** The scale of what is wrong ends here at least, so that a single mistake does not look like many. */
const LEAST_WRONG = 0.1;
/** Of a picture, in pixels: cells of few classes, and of many. */
const CELL = { most: 60, least: 24, side: 520 };

/** Side of a cell in pixels where there is as much room as is needed. */
export const cellSide = (classes: number): number =>
  Math.max(CELL.least, Math.min(CELL.most, Math.round(CELL.side / classes)));

/** Length of a colour's scale in pixels: both have room below a matrix of two classes, and on a phone. */
const SCALE = 100;

/** Numbers can be read on a cell of full strength too. */
const FULL = 0.75;

/** A colour at no strength, and at full strength: the background shows through. */
const strength = (color: string): string[] => {
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
  return [0, FULL].map((opacity) => `rgba(${red},${green},${blue},${opacity})`);
};

export function confusionChart(matrix: readonly (readonly number[])[], names: readonly string[]): Chart {
  const totals = matrix.map((row) => row.reduce((a, b) => a + b, 0));
  const values = matrix.flatMap((row, i) =>
    row.map((images, j) => ({
      truth: i,
      predicted: j,
      'true class': names[i],
      'predicted class': names[j],
      images,
      share: images / Math.max(1, totals[i] as number),
    })),
  );
  const classes = names.length;
  const side = cellSide(classes) * classes;
  const wrong = Math.max(LEAST_WRONG, ...values.filter((one) => one.truth !== one.predicted).map(({ share }) => share));
  const labels = names.map((name) => shortName(name, LONGEST));
  const isTurned = labels.some((name) => name.length > 3) || classes > 20;
  const axis = (field: string, title: string, angle: number): object => ({
    field,
    type: 'nominal',
    sort: null,
    title,
    scale: { domain: names.map((_, i) => i), paddingInner: 0, paddingOuter: 0 },
    axis: {
      labelExpr: `${JSON.stringify(labels)}[datum.value]`,
      labelAngle: angle,
      ...(angle === 0 ? {} : { labelAlign: 'right', labelBaseline: 'middle' }),
      labelLimit: 200,
      labelPadding: 5,
      labelOverlap: false,
      ticks: false,
    },
  });
  const cells = (isRight: boolean): object => ({
    transform: [{ filter: `(datum.truth === datum.predicted) === ${isRight}` }],
    mark: { type: 'rect', stroke: INK, strokeOpacity: 0.15, strokeWidth: 1 },
    encoding: {
      color: {
        field: 'share',
        type: 'quantitative',
        scale: { domain: [0, isRight ? 1 : wrong], range: strength(isRight ? RIGHT : WRONG) },
        legend: {
          title: isRight ? 'Right, of its class' : 'Wrong, of its class',
          format: '%',
          orient: 'bottom',
          direction: 'horizontal',
          gradientLength: SCALE,
          tickCount: 3,
          titleLimit: 220,
        },
      },
      tooltip: [
        { field: 'true class' },
        { field: 'predicted class' },
        { field: 'images' },
        { field: 'share', title: 'of the true class', format: '.1%' },
      ],
    },
  });
  const cell = `width / ${classes}`;
  const number = (text: object, position: object): object => ({
    transform: [{ filter: 'datum.images > 0' }],
    mark: { type: 'text', color: INK, tooltip: null, ...position },
    encoding: { text },
  });
  const recalls = matrix.map((row, i) => ({
    truth: i,
    recall: totals[i] ? percent((row[i] as number) / totals[i]) : '–',
  }));
  return {
    data: { values },
    width: 'container',
    height: side,
    title: { text: 'Confusion matrix', subtitle: 'images; at the right, the share of each class that is right' },
    encoding: { y: axis('truth', 'True class', 0) },
    layer: [
      {
        encoding: { x: axis('predicted', 'Predicted class', isTurned ? -45 : 0) },
        resolve: { scale: { color: 'independent' }, legend: { color: 'independent' } },
        layer: [
          cells(true),
          cells(false),
          number({ field: 'images' }, { fontSize: { expr: `max(8, min(13, ${cell} / 2.6))` } }),
        ],
      },
      {
        data: { values: recalls },
        mark: { type: 'text', color: INK, align: 'left', dx: 6, fontSize: 11, tooltip: null },
        encoding: { x: { value: 'width' }, text: { field: 'recall' } },
      },
    ],
  };
}
