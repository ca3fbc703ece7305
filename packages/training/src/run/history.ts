/** The history of a run, `history.csv`: a row an epoch, all phases below one another. */
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

/** The rows of a history; a column that it does not have is absent from the records. */
export function parseHistory(text: string): HistoryRow[] {
  const [header = '', ...lines] = text.trimEnd().split('\n');
  const [, , ...names] = header.split(',');
  return lines.map((line) => {
    const [phase = '', epoch, ...values] = line.split(',');
    const record = Object.fromEntries(names.map((name, i) => [name, Number(values[i])]));
    return { phase, epoch: Number(epoch), record: record as unknown as EpochRecord };
  });
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
