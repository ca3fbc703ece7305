/** Parts a data set into rows to train on and rows for validation. */
import { Random } from '@anke/random';
import type { ImageDataset } from './dataset.js';
import { DataError } from './errors.js';

/** Classes that a message lists; of more it says how many. */
const MOST_SHOWN = 20;

export interface SplitOptions {
  /** Rows are drawn by this seed; without it, the first ones are held out. */
  readonly seed?: number | undefined;
  /** Whether the same share of each class is held out. */
  readonly stratified?: boolean | undefined;
}

export interface Split {
  readonly training: ImageDataset;
  readonly validation: ImageDataset;
}

/**
 * Holds out a part for validation: ⌊validationSplit · n⌋ rows. Without options they are the first ones, as Keras's
 * ImageDataGenerator takes them. Both parts keep the order of the file, and the same options give the same parts.
 *
 * @throws DataError if a part is empty, or the two do not hold the same classes, or there are none to stratify by
 */
export function splitForValidation(data: ImageDataset, validationSplit: number, options: SplitOptions = {}): Split {
  const held = Math.floor(data.count * validationSplit);
  if (held < 1 || held >= data.count) {
    throw new DataError(
      `${data.source}: a validation split of ${validationSplit} leaves ${held} of ${data.count} rows for validation ` +
        `and ${data.count - held} for training`,
    );
  }
  const isFirst = options.seed === undefined && !options.stratified;
  const split = isFirst ? atRow(data, held) : byChoice(data, chosenRows(data, held, options));
  checkClasses(data, split, options);
  return split;
}

const atRow = (data: ImageDataset, held: number): Split => ({
  training: data.slice(held, data.count),
  validation: data.slice(0, held),
});

function byChoice(data: ImageDataset, chosen: ReadonlySet<number>): Split {
  const rows = (isHeld: boolean): ImageDataset =>
    data.rows(
      Uint32Array.from(Array.from({ length: data.count }, (_, row) => row).filter((row) => chosen.has(row) === isHeld)),
    );
  return { training: rows(false), validation: rows(true) };
}

/** The rows that are held out: the first of an order, or as many of each class as its share of all rows is. */
function chosenRows(data: ImageDataset, held: number, { seed, stratified }: SplitOptions): ReadonlySet<number> {
  const order =
    seed === undefined
      ? Uint32Array.from({ length: data.count }, (_, row) => row)
      : new Random(seed, 'validation split').permutation(data.count);
  if (!stratified) return new Set(order.subarray(0, held));
  const { labels } = data;
  if (!labels) throw new DataError(`${data.source}: without labels, no share of each class can be held out`);
  const left = quotas(labels, held);
  const chosen = new Set<number>();
  for (const row of order) {
    const label = labels[row] as number;
    const more = left.get(label) as number;
    if (more > 0) chosen.add(row);
    left.set(label, more - 1);
  }
  return chosen;
}

/**
 * How many rows of each class are held out: held · nᶜ / n, rounded down, and one more for the classes with the largest
 * remainders until there are `held` (Hamilton's method).
 */
function quotas(labels: Uint32Array, held: number): Map<number, number> {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const shares = [...counts].map(([label, images]) => ({ label, share: (held * images) / labels.length }));
  const quota = new Map(shares.map(({ label, share }) => [label, Math.floor(share)]));
  const missing = held - [...quota.values()].reduce((sum, rows) => sum + rows, 0);
  const byRemainder = shares.sort((a, b) => (b.share % 1) - (a.share % 1) || a.label - b.label);
  for (const { label } of byRemainder.slice(0, missing)) quota.set(label, (quota.get(label) as number) + 1);
  return quota;
}

/** One of several parts of the writers, which is held out. */
export interface Fold {
  /** How many parts there are. */
  readonly count: number;
  /** Which one is held out, counted from 1. */
  readonly fold: number;
  /** Rows that one person has written, one behind the other; the last one may have fewer. */
  readonly rowsPerWriter: number;
}

/**
 * Holds out whole writers: fold i of K holds the writers ⌊W (i − 1) / K⌋ … ⌊W i / K⌋ − 1 of W. Trained on and validated
 * are different hands, as with images that are yet to come; and over all folds, each row is held out once.
 *
 * @throws DataError if there are fewer writers than folds, or the two parts do not hold the same classes
 */
export function splitByWriter(data: ImageDataset, { count, fold, rowsPerWriter }: Fold): Split {
  const writers = Math.ceil(data.count / rowsPerWriter);
  if (writers < count) {
    const told = `${data.count} rows, ${rowsPerWriter} of each`;
    throw new DataError(`${data.source}: ${writers} writers (${told}) cannot be parted into ${count} folds`);
  }
  const rowOf = (part: number): number => Math.min(Math.floor((writers * part) / count) * rowsPerWriter, data.count);
  const [first, end] = [rowOf(fold - 1), rowOf(fold)];
  const rows = Uint32Array.from({ length: data.count }, (_, row) => row);
  const split = {
    training: data.rows(rows.filter((row) => row < first || row >= end)),
    validation: data.slice(first, end),
  };
  const [ofValidation, ofTraining] = [classesOf(split.validation), classesOf(split.training)];
  if (ofValidation.join() === ofTraining.join()) return split;
  throw new DataError(
    `${data.source}: fold ${fold} of ${count} holds the classes ${listed(ofValidation)}, ` +
      `the others ${listed(ofTraining)}; both need the same: are the rows those of one writer after the other?`,
  );
}

/** @throws DataError if one part has a class that the other lacks */
function checkClasses(
  { source }: ImageDataset,
  { training, validation }: Split,
  { seed, stratified }: SplitOptions,
): void {
  const [ofValidation, ofTraining] = [classesOf(validation), classesOf(training)];
  if (ofValidation.join() === ofTraining.join()) return;
  const rows = seed === undefined && !stratified ? `the first ${validation.count}` : `${validation.count} chosen`;
  const remedy = stratified
    ? 'a class needs more images, or a larger share must be held out'
    : 'draw the rows by class (stratified), shuffle the file or change the split';
  throw new DataError(
    `${source}: the training and the validation rows must hold the same classes, ` +
      `but training has ${listed(ofTraining)} and validation (${rows} rows) has ${listed(ofValidation)}; ${remedy}`,
  );
}

const classesOf = ({ labels }: ImageDataset): number[] => [...new Set(labels)].sort((a, b) => a - b);

const listed = (classes: readonly number[]): string =>
  classes.length <= MOST_SHOWN
    ? classes.join(', ')
    : `${classes.slice(0, MOST_SHOWN).join(', ')} and ${classes.length - MOST_SHOWN} more`;
