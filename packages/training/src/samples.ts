/** Images as a model takes them. */
import type { ImageDataset } from '@anke/data';
import type { Samples } from '@anke/nn';

/** Pixels are bytes; the model sees 0 … 1. */
export const RESCALE = 1 / 255;

/** A data set as a model takes it. */
export function samplesOf({ pixels, labels, shape }: ImageDataset): Samples {
  return { pixels, shape, rescale: RESCALE, ...(labels ? { labels } : {}) };
}
