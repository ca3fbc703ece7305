/** If this failed, people would wait for a slow adapter without having been told for how long. */
import { checkRecipe } from '@anke/training';
import { expect, test } from 'vitest';
import { Estimate } from './estimate.js';

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
const progress = (done: number) => ({ type: 'progress', part: 'training', epoch: 1, done, total: 1000 }) as const;

test('the time of all epochs follows from the rate of the first steps, and is told once', () => {
  const estimate = new Estimate(recipe, 1000);
  expect(estimate.after(progress(100), 0)).toBeUndefined();
  expect(estimate.after(progress(140), 1500)).toBeUndefined();
  // 100 images in 4 seconds: 5,800 more of them take 232.
  expect(estimate.after(progress(200), 4000)).toContain('about 3 min 52 s for 6 epochs');
  expect(estimate.after(progress(900), 9000)).toBeUndefined();
});

test('nothing is said of what is over soon', () => {
  const estimate = new Estimate(recipe, 1000);
  estimate.after(progress(0), 0);
  expect(estimate.after(progress(900), 4000)).toBeUndefined();
});
