/** Labels are class numbers 0 … classes − 1, as 32-bit integers because that is what the loss kernel reads. */
import { DataError } from './errors.js';

/** A label that is not below this is no class number, but an id or a broken cell. */
export const MOST_CLASSES = 2 ** 20;

/** What a label must be, for messages. */
export const LABEL_RANGE = `a label in 0 … ${MOST_CLASSES - 1}`;

/** Up to this many classes, there may be fewer rows than classes: it may be an excerpt of a data set. */
const FEW_CLASSES = 1000;

/** One more than the largest label; 0 if there are none. */
export function countClasses(labels: Uint32Array | undefined): number {
  let classes = 0;
  for (const label of labels ?? []) if (label >= classes) classes = label + 1;
  return classes;
}

/** A data set, as far as its classes are concerned. */
export interface LabelledRows {
  readonly source: string;
  readonly labels: Uint32Array | undefined;
  readonly classes: number;
  readonly classNames: readonly string[] | undefined;
  readonly count: number;
}

/**
 * Refuses data to train on whose labels are ids: as many classes as rows, or more, so that nothing could be learned.
 *
 * @throws DataError that names the file and a row
 */
export function checkClasses({ source, labels, classes, classNames, count }: LabelledRows): void {
  if (!labels || classNames || classes <= FEW_CLASSES || classes < count) return;
  const largest = classes - 1;
  throw new DataError(
    `${source}, row ${labels.indexOf(largest) + 1}: the label ${largest} makes ${classes} classes, ` +
      `but there are only ${count} rows; are these ids instead of labels?`,
  );
}
