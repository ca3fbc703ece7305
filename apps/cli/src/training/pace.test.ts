/** If this failed, people would wait for a slow adapter without having been told for how long, or be told wrongly. */
import { checkRecipe, type EpochRecord, type RecipePhase } from '@anke/training';
import { expect, test } from 'vitest';
import { Pace } from './pace.js';

const recipe = await checkRecipe(
  {
    layers: [{ type: 'Flatten' }, { type: 'Dense', units: 'classes', activation: 'softmax' }],
    phases: [
      { optimizer: { type: 'Adam' }, epochs: 4 },
      { optimizer: { type: 'SGD' }, epochs: 2 },
    ],
  },
  'recipe',
);
const [adam, sgd] = recipe.phases as [RecipePhase, RecipePhase];
const at = (epoch: number, done: number) =>
  ({ type: 'progress', part: 'training', epoch, done, total: 1000, logs: {} }) as const;

test('the time of all epochs follows from the rate behind the first step, and is told once', () => {
  const pace = new Pace(recipe, 1000);
  pace.begin(adam);
  pace.measure(at(1, 100), 9000); // compiled until then
  expect(pace.left(at(1, 100))).toBeUndefined();
  pace.measure(at(1, 140), 9500);
  expect(pace.remark(at(1, 140))).toBeUndefined();
  // 100 images in 4 seconds: 5,800 more of them take 232.
  pace.measure(at(1, 200), 13_000);
  expect(pace.remark(at(1, 200))).toContain('about 3 min 52 s for 6 epochs of 1,000 images.');
  expect(pace.remark(at(1, 200))).toBeUndefined();
});

test('later epochs are told by the earlier ones, without the first; of later phases only those are left', () => {
  const pace = new Pace(recipe, 1000);
  pace.begin(adam);
  for (const [epoch, seconds] of [60, 10, 12].entries()) {
    pace.measure(at(epoch + 1, 100), 0);
    pace.measure(at(epoch + 1, 600), 5000);
    // Of the first epoch, in which the last batch's shaders are compiled, this says nothing.
    pace.measure(at(epoch + 1, 1000), epoch === 0 ? 50_000 : 9000);
    expect(pace.rate).toBe(100);
    pace.epochDone({ seconds } as unknown as EpochRecord);
  }
  pace.begin(sgd);
  pace.measure(at(1, 500), 0);
  expect(pace.left(at(1, 500))).toBeCloseTo(500 / 100 + 11, 6);
});

test('nothing is said of what is over soon', () => {
  const pace = new Pace(recipe, 1000);
  pace.begin(adam);
  pace.measure(at(1, 0), 0);
  pace.measure(at(1, 900), 4000);
  expect(pace.remark(at(1, 900))).toBeUndefined();
});
