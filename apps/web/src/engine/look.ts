/** What the network makes of the validation images: the confusion matrix, the worst mistakes, the first filters. */
import type { ImageDataset } from '@anke/data';
import type { Model } from '@anke/nn';
import { classesOf, evaluationOf } from '@anke/report/evaluation';
import { samplesOf } from '@anke/training';
import type { FilterFacts, Look, Picture } from '../protocol.js';

const MOST_MISTAKES = 12;

export const pictureOf = (
  { pixels, rowLength, shape: [height, width, channels] }: ImageDataset,
  row: number,
): Picture => ({
  pixels: pixels.slice(row * rowLength, (row + 1) * rowLength),
  height,
  width,
  channels,
});

/** Predicts between the training's submits, which changes no bit of it. */
export async function lookAt(model: Model, validation: ImageDataset): Promise<Look> {
  const filters = await firstFilters(model);
  const classes = classesOf(model);
  if (classes === undefined || classes !== validation.classes) return { matrix: undefined, mistakes: [], filters };
  const probabilities = await model.predict(samplesOf(validation));
  const { matrix, mistakes } = evaluationOf(validation, probabilities, classes);
  return {
    matrix,
    mistakes: mistakes.slice(0, MOST_MISTAKES).map(({ row, label, predicted, confidence }) => ({
      picture: pictureOf(validation, row),
      label,
      predicted,
      confidence,
    })),
    filters,
  };
}

/** The kernels of the first convolution; undefined if the network has none. */
async function firstFilters(model: Model): Promise<FilterFacts | undefined> {
  const first = model.layers.find(({ layer }) => layer.type === 'Conv2D');
  const kernel = first && (await model.getWeights()).get(`${first.name}/kernel`);
  return kernel && { layer: first.name, shape: kernel.shape, values: kernel.values };
}
