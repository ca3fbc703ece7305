/**
 * A training whose phases have schedules, averages, clipping and decay, whose images are normalized by their own
 * numbers, and whose epochs and phases end within a pass over them: each phase's schedule counts from its start, and a
 * run that is ended after any epoch resumes to the same bits.
 */
import { openAdapter } from '@anke/dawn';
import { EPSILON, Gpu } from '@anke/kernels';
import { decodeWeights, scheduledRate } from '@anke/nn';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkRecipe } from '../recipe/check.js';
import { makeModel } from '../recipe/make.js';
import type { Recipe } from '../recipe/schema.js';
import { type MemoryStore, memoryStore } from '../store.js';
import { tinyData, tinyRecipe } from '../testing/tiny.js';
import type { TrainEvent } from './events.js';
import { train } from './train.js';

const cosine = { type: 'cosineDecay', initialLearningRate: 0.02, decaySteps: 5 } as const;
const oneCycle = { type: 'oneCycle', maxLearningRate: 0.1, totalSteps: 4 } as const;
const RECIPE: Recipe = {
  ...tinyRecipe(1),
  batchSize: 16,
  stepsPerEpoch: 2,
  layers: [{ type: 'Normalization' }, ...tinyRecipe(1).layers],
  metrics: [{ type: 'Accuracy' }, { type: 'TopKCategoricalAccuracy', k: 3 }, { type: 'Precision' }],
  phases: [
    {
      optimizer: { type: 'AdamW', learningRate: cosine, clipnorm: 0.5, excludeFromWeightDecay: ['bias'], useEma: true },
      epochs: 2,
    },
    {
      optimizer: {
        type: 'RMSprop',
        learningRate: oneCycle,
        globalClipnorm: 0.5,
        weightDecay: 0.1,
        useEma: true,
        emaOverwriteFrequency: 3,
      },
      epochs: 2,
    },
  ],
};
/** Steps in an epoch. A pass has three, of which the last is smaller: 40 images in batches of 16. */
const STEPS = 2;

let gpu: Gpu;
beforeAll(async () => {
  gpu = await Gpu.open((await openAdapter(console.log)).adapter);
});
afterAll(() => gpu.destroy());

type EpochEvent = Extract<TrainEvent, { type: 'epoch' }>;

/** The epochs of a training, or of its beginning. */
async function epochs(store: MemoryStore, most = Number.POSITIVE_INFINITY) {
  const recipe = await checkRecipe(RECIPE, 'recipe');
  const data = await tinyData();
  const images = data.training;
  const model = makeModel(recipe.layers, { seed: recipe.seed, inputShape: images.shape, classes: 10, images });
  const told: EpochEvent[] = [];
  try {
    for await (const event of train({ gpu, device: 'here', model, data, recipe, store })) {
      if (event.type === 'epoch') told.push(event);
      if (told.length === most) break;
    }
  } finally {
    model.destroy();
  }
  return told;
}
const withoutTime = ({ record: { seconds: _, ...logs } }: EpochEvent) => logs;
const weights = ({ files }: MemoryStore) => [...decodeWeights(files.get('model.safetensors') as Uint8Array)];

test('schedules count from the start of their phase, and a run resumes to the same bits', async () => {
  const whole = memoryStore();
  const told = await epochs(whole);
  const last = [STEPS - 1, 2 * STEPS - 1];
  const expected = [cosine, oneCycle].flatMap((schedule) => last.map((step) => scheduledRate(schedule, step)));
  told.forEach(({ record }, i) => {
    expect(Math.abs((record['learning_rate'] as number) - (expected[i] as number))).toBeLessThan(24 * EPSILON * 0.1);
  });
  expect(told.length).toBe(4);
  expect(told[0]?.record).toHaveProperty('val_top_k_categorical_accuracy');
  for (const stopped of [1, 2, 3]) {
    const store = memoryStore();
    await epochs(store, stopped);
    const rest = await epochs(store);
    expect(rest.map(withoutTime)).toEqual(told.slice(stopped).map(withoutTime));
    expect(weights(store)).toEqual(weights(whole));
  }
});
