/** Recipes: checked, and made a model. */
import { checkRecipe, makeModel, RecipeError, shippedRecipe } from '@anke/training';
import type { Reader } from '../reader.ts';

const jsonOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

export const recipeReader: Reader = {
  seeds: () => [
    jsonOf({
      seed: 5,
      data: { path: 'digits', limit: 100, validationSplit: 0.25 },
      augmentation: { rotationRange: 10, zoomRange: [0.9, 1.1], fillMode: 'nearest' },
      layers: [
        { type: 'Conv2D', filters: 2, kernelSize: 3, activation: 'relu', kernelRegularizer: { l2: 0.01 } },
        { type: 'MaxPooling2D', poolSize: [2, 2] },
        { type: 'Flatten', name: 'flat' },
        { type: 'Dense', units: 'classes', inputs: ['flat'] },
      ],
      phases: [
        {
          name: 'first',
          optimizer: { type: 'Adam', learningRate: 0.01 },
          epochs: 2,
          callbacks: [
            { type: 'EarlyStopping', patience: 2, restoreBestWeights: true },
            { type: 'LearningRateScheduler', schedule: { type: 'step', every: 2, factor: 0.5 } },
          ],
        },
        { optimizer: { type: 'SGD', momentum: 0.9 }, epochs: 1 },
      ],
    }),
    jsonOf(shippedRecipe('cnn')),
  ],
  json: true,
  async read(bytes) {
    let value: unknown;
    try {
      value = JSON.parse(new TextDecoder().decode(bytes));
    } catch {
      throw new RecipeError('this is no JSON');
    }
    const { layers, seed } = await checkRecipe(value, 'file');
    makeModel(layers, { seed, inputShape: [28, 28, 1], classes: 3 });
  },
};
