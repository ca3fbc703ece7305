/** A confusion matrix as lines of text, within the terminal's width. */
import { confusionsOf, percent, shortName } from '@anke/report';
import colors from 'picocolors';
import { atLeft, atRight, columnsOf } from '../table.js';

/** Columns that a name may take at the left, and above a column. */
const LONGEST = { row: 20, column: 8 };
const MOST_FREQUENT = 10;

/** A name in at most so many columns. */
function cut(name: string, width: number): string {
  for (let longest = width; longest > 1; longest--) {
    const short = shortName(name, longest);
    if (columnsOf(short) <= width) return short;
  }
  return '…';
}

export interface ConfusionTable {
  readonly title: string;
  readonly lines: readonly string[];
}

/**
 * The whole matrix where it fits: with the names of the classes above its columns, or, where those are too long, with
 * numbers that the rows explain. Else the pairs that are confused most.
 */
export function confusionTable(
  matrix: readonly (readonly number[])[],
  names: readonly string[],
  columns: number,
): ConfusionTable {
  const widest = Math.max(3, ...matrix.flat().map((value) => String(value).length));
  const longest = Math.max(...names.map(columnsOf));
  const whole = Math.max(widest, longest);
  const isNamed = longest <= LONGEST.column && fits(matrix.length, whole, longest, columns);
  const heads = isNamed ? names : names.map((_, i) => String(i));
  const width = isNamed ? whole : Math.max(widest, String(names.length - 1).length);
  const rows = isNamed ? names : names.map((name, i) => (name === String(i) ? name : `${name} ${i}`));
  const left = Math.min(LONGEST.row, Math.max(...rows.map(columnsOf)));
  if (!fits(matrix.length, width, left, columns)) return mostFrequent(matrix, names, columns);
  const labels = rows.map((row, i) => (columnsOf(row) <= left ? row : `${cut(names[i] as string, left - 3)} ${i}`));
  return {
    title: 'Confusion matrix (rows: true class, columns: predicted)',
    lines: [
      `  ${' '.repeat(left)} ${colors.dim(heads.map((head) => atRight(head, width)).join(' '))}`,
      ...matrix.map((row, i) => {
        const cells = row.map((value, j) => {
          const cell = String(value).padStart(width);
          if (i === j) return colors.green(cell);
          return value === 0 ? colors.dim('·'.padStart(width)) : cell;
        });
        return `  ${colors.dim(atRight(labels[i] as string, left))} ${cells.join(' ')}`;
      }),
    ],
  };
}

const fits = (classes: number, width: number, left: number, columns: number): boolean =>
  3 + left + classes * (width + 1) <= columns;

function mostFrequent(
  matrix: readonly (readonly number[])[],
  names: readonly string[],
  columns: number,
): ConfusionTable {
  const confusions = confusionsOf(matrix).slice(0, MOST_FREQUENT);
  const shown = confusions.map(({ label, predicted, images, share }) => ({
    pair: [names[label], names[predicted]] as [string, string],
    number: `${images} (${percent(share)})`,
  }));
  const numbers = Math.max(0, ...shown.map(({ number }) => number.length));
  // Two names, an arrow, the number, and what is between them.
  const room = Math.max(4, Math.floor((columns - numbers - 8) / 2));
  const width = Math.min(room, Math.max(0, ...shown.flatMap(({ pair }) => pair.map(columnsOf))));
  return {
    title: `Most frequent confusions of ${matrix.length} classes (the whole matrix: --json)`,
    lines: shown.map(({ pair: [truth, guess], number }) => {
      const cells = [atRight(cut(truth, width), width), '→', atLeft(cut(guess, width), width)];
      return `  ${cells.join(' ')}  ${number.padStart(numbers)}`;
    }),
  };
}
