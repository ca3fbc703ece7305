/**
 * A recipe as code: layers by a loop, rates by a formula.
 *
 *     anke train --recipe test/examples/own-recipe.ts --data data/digits
 */
import { defineRecipe } from '@anke/training/recipe';

const convolution = (filters: number) => [
  { type: 'Conv2D', filters, kernelSize: 3, padding: 'same', activation: 'relu' } as const,
  { type: 'BatchNormalization' } as const,
  { type: 'MaxPooling2D', poolSize: 2 } as const,
];

export default defineRecipe({
  name: 'own',
  seed: 7,
  batchSize: 40,
  augmentation: { rotationRange: 8, widthShiftRange: 0.1 },
  layers: [
    ...[8, 16].flatMap(convolution),
    { type: 'Flatten' },
    { type: 'Dropout', rate: 0.25 },
    { type: 'Dense', units: 'classes', activation: 'softmax' },
  ],
  phases: [
    {
      optimizer: { type: 'Adam', learningRate: 0.005 },
      epochs: 4,
      callbacks: [
        // A warm-up over two epochs, then a tenth less each time.
        { type: 'LearningRateScheduler', schedule: { type: 'list', rates: [0.001, 0.003, 0.005, 0.0045] } },
        { type: 'TerminateOnNaN' },
      ],
    },
  ],
});
