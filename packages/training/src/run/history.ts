/** The history of a run, `history.csv`: a row an epoch, all phases below one another. */
import { RunError } from '../errors.js';
import type { EpochRecord, Phase } from './events.js';

export const HISTORY_FILE = 'history.csv';

const METRICS = ['loss', 'accuracy', 'val_loss', 'val_accuracy', 'learning_rate'];

export function formatHistory(phases: readonly Phase[]): string {
  const rows = phases.flatMap(({ name, epochs }) =>
    epochs.map((record, i) => [name, i + 1, ...METRICS.map((metric) => record[metric]), record.seconds.toFixed(3)]),
  );
  return [['phase', 'epoch', ...METRICS, 'seconds'], ...rows].map((row) => `${row.join(',')}\n`).join('');
}

/** One epoch, in a phase that is named, counted from 1. */
export interface HistoryRow {
  readonly phase: string;
  readonly epoch: number;
  readonly record: EpochRecord;
}

/**
 * The rows of a history; a column that it does not have is absent from the records.
 *
 * @throws RunError if a row is none
 */
export function parseHistory(text: string): HistoryRow[] {
  const [header = '', ...lines] = text.trimEnd().split('\n');
  const columns = header.split(',');
  const [, , ...names] = columns;
  return lines.map((line, i) => {
    const cells = line.split(',');
    const [phase = '', epoch, ...values] = cells;
    const numbers = [epoch, ...values].map(numberIn);
    if (cells.length !== columns.length || numbers.includes(undefined))
      throw new RunError(`line ${i + 2} is no epoch`, HISTORY_FILE);
    const record = Object.fromEntries(names.map((name, at) => [name, numbers[at + 1]]));
    return { phase, epoch: numbers[0] as number, record: record as unknown as EpochRecord };
  });
}

/** Undefined if the cell holds no number; what is not a number in the training is written as NaN. */
function numberIn(cell = ''): number | undefined {
  const value = Number(cell);
  return cell === 'NaN' || (cell.trim() !== '' && !Number.isNaN(value)) ? value : undefined;
}

/** The epoch with the least validation loss; undefined if there is none. */
export function bestEpochOf(phases: readonly Phase[]): HistoryRow | undefined {
  const all = phases.flatMap(({ name, epochs }) =>
    epochs.map((record, i): HistoryRow => ({ phase: name, epoch: i + 1, record })),
  );
  const loss = ({ record }: HistoryRow): number => record['val_loss'] as number;
  const [first, ...rest] = all;
  return first && rest.reduce((best, next) => (loss(next) < loss(best) ? next : best), first);
}
