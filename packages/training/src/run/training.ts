/** What a training is made of. */
import type { ImageDataset } from '@anke/data';
import type { Augmentation, Gpu } from '@anke/kernels';
import type { Model } from '@anke/nn';
import type { ResolvedRecipe } from '../recipe/schema.js';
import type { Store } from '../store.js';

export interface TrainingData {
  readonly training: ImageDataset;
  readonly validation: ImageDataset;
  /** How training images are changed at random, if at all. */
  readonly augmentation: Augmentation | undefined;
}

/** All that a training needs. */
export interface Training {
  readonly gpu: Gpu;
  /**
   * Opens a device in the place of one that was lost, on which the same kernels compute the same bits. Without it, a
   * lost device ends the training.
   */
  readonly reopen?: (() => Promise<Gpu>) | undefined;
  /** The device's name, for `kernels.json`. */
  readonly device: string;
  /** The recipe's model; it holds the trained weights when the training is done. */
  readonly model: Model;
  readonly data: TrainingData;
  readonly recipe: ResolvedRecipe;
  readonly store: Store;
  /** Ends the training after the current submit; the model and the history so far are then written. */
  readonly signal?: AbortSignal;
  /** Device time of one submit, see `FitOptions`: about 12 in a page, which shares the device with its drawing. */
  readonly submitMilliseconds?: number;
}
