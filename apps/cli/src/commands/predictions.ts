/** Predictions as people and programs read them: CSV, a table of the first ones, a picture's classes with bars. */
import type { ImageDataset } from '@anke/data';
import { count, percent } from '@anke/report';
import colors from 'picocolors';
import { csvCell } from '../csv-cell.js';
import { atRight, columnsOf, tableLines } from '../table.js';
import type { Terminal } from '../terminal.js';

export interface Predictions {
  readonly images: ImageDataset;
  /** The number of the first image, where they are a part of more; 0 if absent. */
  readonly first?: number;
  /** (images, classes) */
  readonly probabilities: Float32Array;
  /** The most likely class of each image. */
  readonly labels: Uint32Array;
  readonly nameOf: (label: number) => string;
}

const classesOf = ({ images, probabilities }: Predictions): number => probabilities.length / images.count;
const sharesOf = (all: Predictions, row: number): Float32Array =>
  all.probabilities.subarray(row * classesOf(all), (row + 1) * classesOf(all));
const idOf = ({ images, first = 0 }: Predictions, row: number): string => images.ids?.[row] ?? String(first + row);

/** The k most likely classes of an image, of equals the first. */
const best = (shares: Float32Array, k: number): number[] =>
  Array.from(shares, (_, i) => i)
    .sort((a, b) => (shares[b] as number) - (shares[a] as number) || a - b)
    .slice(0, k);

/** `id,label`, and each class's probability if they are asked for. */
export function asCsv(all: Predictions, withProbabilities: boolean): string {
  const columns = withProbabilities ? Array.from({ length: classesOf(all) }, (_, i) => `p${i}`) : [];
  const rows = Array.from(all.labels, (label, row) => {
    const shares = withProbabilities ? Array.from(sharesOf(all, row), (share) => share.toPrecision(7)) : [];
    return `${[csvCell(idOf(all, row)), csvCell(all.nameOf(label)), ...shares].join(',')}\n`;
  });
  return `${['id', 'label', ...columns].join(',')}\n${rows.join('')}`;
}

/** `id,label,probability,label2,probability2,…`: the k most likely classes. */
export function topAsCsv(all: Predictions, k: number): string {
  const header = Array.from({ length: k }, (_, i) =>
    i === 0 ? 'label,probability' : `label${i + 1},probability${i + 1}`,
  );
  const rows = Array.from(all.labels, (_, row) => {
    const shares = sharesOf(all, row);
    const cells = best(shares, k).map((i) => `${csvCell(all.nameOf(i))},${(shares[i] as number).toPrecision(7)}`);
    return `${[csvCell(idOf(all, row)), ...cells].join(',')}\n`;
  });
  return `id,${header.join(',')}\n${rows.join('')}`;
}

const SHOWN_ROWS = 10;

/** The first images with their most likely classes. */
export function showTable(terminal: Terminal, all: Predictions): void {
  const rows = Array.from({ length: Math.min(SHOWN_ROWS, all.images.count) }, (_, row) => {
    const shares = sharesOf(all, row);
    const [first, second] = best(shares, 2).map((i) => `${all.nameOf(i)} ${percent(shares[i] as number)}`);
    return [idOf(all, row), first ?? '', second ?? ''];
  });
  const [header = '', ...lines] = tableLines([['image', 'prediction', 'next best'], ...rows], [0, 1, 2]);
  terminal.print(colors.dim(header));
  for (const line of lines) terminal.print(line);
  const more = all.images.count - rows.length;
  if (more > 0) terminal.print(colors.dim(`and ${count(more)} more; --out predictions.csv writes all of them`));
}

const BAR = 24;
/** Of more classes than this, only the most likely are shown, that one first. */
const MOST_CLASSES = 12;

/** A single picture's class, and a bar for each one's probability. */
export function showPrediction(terminal: Terminal, { probabilities, labels, nameOf }: Predictions): void {
  const label = labels[0] as number;
  const { length } = probabilities;
  const shown = length > MOST_CLASSES ? best(probabilities, MOST_CLASSES) : Array.from(probabilities, (_, i) => i);
  const width = Math.max(...shown.map((i) => columnsOf(nameOf(i))));
  terminal.print(colors.bold(nameOf(label)));
  for (const i of shown) {
    const share = probabilities[i] as number;
    const bar = '█'.repeat(Math.round(share * BAR)).padEnd(BAR, ' ');
    const line = `  ${atRight(nameOf(i), width)}  ${bar} ${percent(share).padStart(7)}`;
    terminal.print(i === label ? colors.green(line) : line);
  }
  if (shown.length < length) terminal.print(colors.dim(`and ${length - shown.length} less likely; --json has all`));
}

/** A single picture's class and the classes' probabilities, for `--json`. */
export const pictureJson = ({ probabilities, labels, nameOf }: Predictions): object => ({
  label: nameOf(labels[0] as number),
  probabilities: Object.fromEntries(Array.from(probabilities, (share, i) => [nameOf(i), share])),
});

/** Each image's most likely class and its probability, for `--json`. */
export const listJson = (all: Predictions): object[] =>
  Array.from(all.labels, (label, row) => ({
    id: idOf(all, row),
    label: all.nameOf(label),
    probability: sharesOf(all, row)[label],
  }));
