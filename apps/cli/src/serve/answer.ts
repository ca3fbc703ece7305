/** Answers as text: predictions in JSON or CSV, errors in JSON. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { mostLikely } from '@anke/report';
import { csvCell } from '../csv-cell.js';

/** Rows that are written before others have their turn: a millisecond's work. */
const ROWS_IN_TURN = 128;

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const jsonAnswer = (status: number, value: object): Answer => ({
  status,
  type: 'application/json',
  body: `${JSON.stringify(value)}\n`,
});

export interface Predictions {
  /** (images, classes) */
  readonly probabilities: Float32Array;
  readonly classes: number;
  readonly ids: readonly string[] | undefined;
  readonly nameOf: (label: number) => string;
}

export async function predictionAnswer(predictions: Predictions, asCsv: boolean): Promise<Answer> {
  const { probabilities, classes } = predictions;
  const labels = mostLikely(probabilities, classes);
  const rowOf = asCsv ? csvRow : jsonRow;
  const rows: string[] = [];
  for (let row = 0; row < labels.length; row++) {
    if (row > 0 && row % ROWS_IN_TURN === 0) await nextTurn();
    const shares = Array.from(probabilities.subarray(row * classes, (row + 1) * classes));
    rows.push(rowOf(predictions, row, labels[row] as number, shares));
  }
  if (!asCsv) return { status: 200, type: 'application/json', body: `{"predictions":[${rows.join(',')}]}\n` };
  const header = ['id', 'label', ...Array.from({ length: classes }, (_, i) => `p${i}`)].join(',');
  return { status: 200, type: 'text/csv', body: `${[header, ...rows].join('\n')}\n` };
}

type RowWriter = (predictions: Predictions, row: number, label: number, shares: readonly number[]) => string;

const jsonRow: RowWriter = ({ nameOf }, _, label, shares) =>
  JSON.stringify({ label: nameOf(label), probabilities: shares });

const csvRow: RowWriter = ({ ids, nameOf }, row, label, shares) =>
  [csvCell(ids?.[row] ?? String(row)), csvCell(nameOf(label)), ...shares.map((share) => share.toPrecision(7))].join(
    ',',
  );
