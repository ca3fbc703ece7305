/** A training of a moment, with all that a resumed one must bring back: dropout, moments, callbacks that remember. */
import { synthesize } from '@anke/data';
import { digitOutlines } from '@anke/files';
import type { Recipe } from '../recipe/schema.js';
import type { TrainingData } from '../run/training.js';

/** @param epochs of the first phase; the second one has two */
export const tinyRecipe = (epochs: number): Recipe => ({
  batchSize: 20,
  layers: [
    { type: 'Flatten' },
    { type: 'Dropout', rate: 0.25 },
    { type: 'Dense', units: 'classes', activation: 'softmax' },
  ],
  phases: [
    {
      optimizer: { type: 'Adam' },
      epochs,
      callbacks: [{ type: 'CSVLogger' }, { type: 'EarlyStopping', patience: 5, restoreBestWeights: true }],
    },
    { optimizer: { type: 'SGD', momentum: 0.9 }, epochs: 2 },
  ],
});

/** 40 images to train on, 20 to validate. */
export async function tinyData(): Promise<TrainingData> {
  const { train } = await synthesize(digitOutlines(), { train: 60, test: 10, seed: 1 });
  return { training: train.slice(0, 40), validation: train.slice(40, 60), augmentation: undefined };
}
