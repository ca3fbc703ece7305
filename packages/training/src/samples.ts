/** Turns data sets into what models are trained on. */
import type { ImageDataset } from '@anke/data';
import { type Loss, type Samples, toCategorical } from '@anke/nn';
import { RecipeError } from './errors.js';

/** A data set as a model takes it. */
export const samplesOf = ({ pixels, labels, shape, factor, offset }: ImageDataset): Samples => ({
  pixels,
  shape,
  rescale: factor,
  offset,
  ...(labels ? { labels } : {}),
});

/** What a loss compares: the classes of the data, and the numbers in one output of the model. */
export interface Comparison {
  readonly loss: Loss;
  readonly classes: number;
  readonly outputs: number;
}

/**
 * A labelled data set as a loss takes it. Where that is targets, they are made of the class numbers: a row for each
 * image with a 1 for its class or, for a model with a single output, the class number itself.
 *
 * @throws RecipeError if the model has other outputs
 */
export function comparedSamplesOf(images: ImageDataset, { loss, classes, outputs }: Comparison): Samples {
  const samples = samplesOf(images);
  const { labels } = images;
  if (loss.takes === 'labels' || !labels) return samples;
  checkOutputs({ loss, classes, outputs });
  if (outputs === 1) return { ...samples, targets: Float32Array.from(labels) };
  return { ...samples, targets: toCategorical(labels, classes) };
}

/** @throws RecipeError if a model has other outputs than a loss compares with so many classes */
export function checkOutputs({ loss, classes, outputs }: Comparison): void {
  const [fits, what] =
    loss.takes === 'labels' ? [outputs >= classes, ''] : [outputs === 1 || outputs === classes, ', or with one output'];
  if (fits) return;
  const needed = `${loss.name} needs a model with an output for each of the ${classes} classes${what}`;
  throw new RecipeError(`${needed}; this one has ${outputs} ("units": "classes" in its last layer makes as many)`);
}
