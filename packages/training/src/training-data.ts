/** From images to what a training needs: parts to train on and to validate on, and how the first are changed. */
import {
  DataError,
  ImageDataGenerator,
  type ImageDataGeneratorOptions,
  type ImageDataset,
  splitByWriter,
} from '@anke/data';
import type { ResolvedRecipe } from './recipe/schema.js';
import type { TrainingData } from './run/training.js';

/**
 * Labelled images as a recipe wants them: split by its `data`, changed at random by its `augmentation`.
 *
 * @param validation images for validation; without them, a part of `images` is held out, the same for the same seed
 * @throws ParameterError if a parameter of the augmentation makes no sense
 * @throws DataError if a part is empty, or the two do not hold the same classes
 */
export function trainingDataOf(
  { seed, augmentation, data }: Pick<ResolvedRecipe, 'seed' | 'augmentation' | 'data'>,
  images: ImageDataset,
  validation?: ImageDataset,
): TrainingData {
  const { validationSplit, shuffleSplit, stratified, writers } = data;
  if (writers && validation)
    throw new DataError(`${validation.source}: these images are for validation, so that no writers can be held out`);
  const options = { ...augmentation, validationSplit } as ImageDataGeneratorOptions;
  const generator = new ImageDataGenerator(options);
  const split = (): Omit<TrainingData, 'augmentation'> =>
    writers
      ? splitByWriter(images, { ...writers, count: writers.folds })
      : generator.split(images, { seed: shuffleSplit ? seed : undefined, stratified });
  return {
    ...(validation ? { training: images, validation } : split()),
    augmentation: generator.augmentation(images.shape),
  };
}

/** Which rows are held out, in words. */
export function splitText({ validationSplit, shuffleSplit, stratified, writers }: ResolvedRecipe['data']): string {
  if (writers) return `fold ${writers.fold} of ${writers.folds}, by writer`;
  const share = `${Number((100 * validationSplit).toPrecision(3))}% of ${stratified ? 'each class' : 'the rows'}`;
  return shuffleSplit ? `${share}, drawn by the seed` : `the first ${share}`;
}
