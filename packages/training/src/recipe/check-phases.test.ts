/** If these failed, what is mistyped in a recipe's last phase would be found when the phases before it are trained. */
import { expect, test } from 'vitest';
import { tinyRecipe } from '../testing/tiny.js';
import { checkRecipe } from './check.js';
import { checkPhases } from './check-phases.js';
import { makeModel } from './make.js';
import type { Recipe } from './schema.js';

const TINY = tinyRecipe(1);
const decaying = { type: 'AdamW', weightDecay: 0.1 } as const;

/** Checks the tiny recipe with other entries, and with others in its last phase. */
async function checked(last: Partial<Recipe['phases'][number]>, others: Partial<Recipe> = {}) {
  const [first, second] = TINY.phases as [Recipe['phases'][number], Recipe['phases'][number]];
  const recipe = await checkRecipe({ ...TINY, name: 'tiny', ...others, phases: [first, { ...second, ...last }] }, 'a');
  checkPhases(recipe, makeModel(recipe.layers, { seed: 1, inputShape: [28, 28, 1], classes: 10 }), 10);
}

test('a recipe whose model has all that it names is taken', async () => {
  await checked(
    {
      optimizer: { ...decaying, excludeFromWeightDecay: ['dense/bias', 'gamma'] },
      callbacks: [
        { type: 'EarlyStopping', monitor: 'val_recall' },
        { type: 'ReduceLROnPlateau', monitor: 'loss' },
        { type: 'ModelCheckpoint', monitor: 'what is not looked at' },
      ],
    },
    { metrics: [{ type: 'Recall', classId: 9 }] },
  );
});

test.each<[Partial<Recipe['phases'][number]>, Partial<Recipe>, string]>([
  [
    { optimizer: { ...decaying, excludeFromWeightDecay: ['dense/bais'] } },
    {},
    'tiny: phases[1].optimizer: excludeFromWeightDecay names "dense/bais", but no trained weight is called so',
  ],
  [
    { optimizer: { ...decaying, excludeFromWeightDecay: ['still/bias'] } },
    { layers: [...TINY.layers, { type: 'Dense', name: 'still', units: 10, trainable: false }] },
    'tiny: phases[1].optimizer: excludeFromWeightDecay names "still/bias", but no trained weight is called so',
  ],
  [
    { callbacks: [{ type: 'CSVLogger' }, { type: 'EarlyStopping', monitor: 'val_acc' }] },
    {},
    'tiny: phases[1].callbacks[1]: EarlyStopping watches "val_acc", but the logs hold loss, accuracy,',
  ],
  [
    { callbacks: [{ type: 'ReduceLROnPlateau', monitor: 'learning_rate' }] },
    {},
    'tiny: phases[1].callbacks[0]: ReduceLROnPlateau cannot tell whether "learning_rate" is to grow',
  ],
  [
    { callbacks: [{ type: 'ModelCheckpoint', monitor: 'toString', saveBestOnly: true }] },
    {},
    'tiny: phases[1].callbacks[0]: ModelCheckpoint watches "toString", but the logs hold loss,',
  ],
  [
    {},
    { layers: [{ type: 'Flatten' }, { type: 'Dense', units: 7, activation: 'softmax' }] },
    'SparseCategoricalCrossentropy needs a model with an output for each of the 10 classes; this one has 7',
  ],
  [
    {},
    { metrics: [{ type: 'Precision', classId: 10 }] },
    'tiny: metrics: precision: there is no output 10, the model has 10',
  ],
  [
    {},
    { metrics: [{ type: 'Precision', average: 'macro', threshold: 0.5 }] },
    'a: metrics: precision: average takes the largest output, so threshold and classId have no meaning',
  ],
])('what it does not have is named %#', async (last, others, message) => {
  await expect(checked(last, others)).rejects.toThrow(message);
});
