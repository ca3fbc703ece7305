/** The history of a run, `history.csv`: a row an epoch, all phases below one another. */
import { RunError } from '../errors.js';
import type { EpochRecord, Phase } from './events.js';

export const HISTORY_FILE = 'history.csv';

/** Columns of a history that has no epoch. */
const USUAL = ['loss', 'accuracy', 'val_loss', 'val_accuracy', 'learning_rate'];

/** What records hold beside the time, of any epoch: the training's quantities, the validation's, the learning rate. */
export function quantitiesOf(phases: readonly Pick<Phase, 'epochs'>[]): string[] {
  const names = new Set(phases.flatMap(({ epochs }) => epochs.flatMap((record) => Object.keys(record))));
  if (names.size === 0) return USUAL;
  for (const name of ['seconds', 'learning_rate']) names.delete(name);
  const isValidated = (name: string): boolean => name.startsWith('val_');
  const own = [...names].filter((name) => !isValidated(name));
  return [...own, ...[...names].filter(isValidated), 'learning_rate'];
}

/** A cell is empty where an epoch has no such quantity: not every epoch need be validated. */
export function formatHistory(phases: readonly Phase[]): string {
  const names = quantitiesOf(phases);
  const rows = phases.flatMap(({ name, epochs }) =>
    epochs.map((record, i) => [name, i + 1, ...names.map((one) => record[one]), record.seconds.toFixed(3)]),
  );
  return [['phase', 'epoch', ...names, 'seconds'], ...rows].map((row) => `${row.join(',')}\n`).join('');
}

/** One epoch, in a phase that is named, counted from 1. */
export interface HistoryRow {
  readonly phase: string;
  readonly epoch: number;
  readonly record: EpochRecord;
}

/**
 * The rows of a history; what it does not have, in any row or in this one, is absent from the records.
 *
 * @throws RunError if a row is none
 */
export function parseHistory(text: string): HistoryRow[] {
  const [header = '', ...lines] = text.trimEnd().split('\n');
  const columns = header.split(',');
  const [, , ...names] = columns;
  return lines.map((line, i) => {
    const cells = line.split(',');
    const [phase = '', number, ...values] = cells;
    const epoch = numberIn(number);
    const entries = names.flatMap((name, at) => (values[at] === '' ? [] : [[name, numberIn(values[at])] as const]));
    if (cells.length !== columns.length || [epoch, ...entries.map(([, value]) => value)].includes(undefined))
      throw new RunError(`line ${i + 2} is no epoch`, HISTORY_FILE);
    return { phase, epoch: epoch as number, record: Object.fromEntries(entries) as unknown as EpochRecord };
  });
}

/** Undefined if the cell holds no number; what is not a number in the training is written as NaN. */
function numberIn(cell = ''): number | undefined {
  const value = Number(cell);
  return cell === 'NaN' || (cell.trim() !== '' && !Number.isNaN(value)) ? value : undefined;
}

/** The epoch with the least validation loss; undefined if none is validated. */
export function bestEpochOf(phases: readonly Phase[]): HistoryRow | undefined {
  const all = phases.flatMap(({ name, epochs }) =>
    epochs.map((record, i): HistoryRow => ({ phase: name, epoch: i + 1, record })),
  );
  const loss = ({ record }: HistoryRow): number => record['val_loss'] as number;
  const [first, ...rest] = all.filter(({ record }) => record['val_loss'] !== undefined);
  return first && rest.reduce((best, next) => (loss(next) < loss(best) ? next : best), first);
}
