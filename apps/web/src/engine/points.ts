/** Epochs as the page's curves show them. */
import type { EpochRecord, RunProgress } from '@anke/training';
import type { EpochPoint } from '../protocol.js';

export function pointOf({ loss, ...record }: EpochRecord): EpochPoint {
  const of = (name: string): number | undefined => (record as Readonly<Record<string, number | undefined>>)[name];
  return {
    loss: loss as number,
    accuracy: of('accuracy'),
    valLoss: of('val_loss'),
    valAccuracy: of('val_accuracy'),
  };
}

/** The epochs of all phases, one after the other. */
export const pointsOf = (progress: RunProgress | undefined): EpochPoint[] =>
  (progress?.phases ?? []).flatMap(({ epochs }) => epochs.map(pointOf));
