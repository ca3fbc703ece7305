/** Turns data sets into what models are trained on. */
import type { ImageDataset } from '@anke/data';
import type { Samples } from '@anke/nn';

/** A data set as a model takes it. */
export const samplesOf = ({ pixels, labels, shape, factor, offset }: ImageDataset): Samples => ({
  pixels,
  shape,
  rescale: factor,
  offset,
  ...(labels ? { labels } : {}),
});
