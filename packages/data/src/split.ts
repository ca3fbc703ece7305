/** Parts a data set into rows to train on and rows for validation. */
import type { ImageDataset } from './dataset.js';
import { DataError } from './errors.js';

/** Classes that a message lists; of more it says how many. */
const MOST_SHOWN = 20;

/**
 * Holds out a part for validation as Keras's ImageDataGenerator does: the first ⌊validationSplit · n⌋ rows, in the
 * order of the file.
 *
 * @throws DataError if a part is empty, or the two do not hold the same classes
 */
export function splitForValidation(
  data: ImageDataset,
  validationSplit: number,
): { readonly training: ImageDataset; readonly validation: ImageDataset } {
  const held = Math.floor(data.count * validationSplit);
  if (held < 1 || held >= data.count) {
    throw new DataError(
      `${data.source}: a validation split of ${validationSplit} leaves ${held} of ${data.count} rows for validation ` +
        `and ${data.count - held} for training`,
    );
  }
  const validation = data.slice(0, held);
  const training = data.slice(held, data.count);
  const [ofValidation, ofTraining] = [classesOf(validation), classesOf(training)];
  if (ofValidation.join() !== ofTraining.join()) {
    throw new DataError(
      `${data.source}: the training and the validation rows must hold the same classes, ` +
        `but training has ${listed(ofTraining)} and validation (the first ${held} rows) has ${listed(ofValidation)}; ` +
        'shuffle the file or change the split',
    );
  }
  return { training, validation };
}

const classesOf = ({ labels }: ImageDataset): number[] => [...new Set(labels)].sort((a, b) => a - b);

const listed = (classes: readonly number[]): string =>
  classes.length <= MOST_SHOWN
    ? classes.join(', ')
    : `${classes.slice(0, MOST_SHOWN).join(', ')} and ${classes.length - MOST_SHOWN} more`;
