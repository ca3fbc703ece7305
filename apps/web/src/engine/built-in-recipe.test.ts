/** If these failed, a built-in recipe would go on in the page after its learning rate has fallen to nothing. */
import { checkRecipe } from '@anke/training';
import { describe, expect, test } from 'vitest';
import { BUILT_IN, builtInRecipe } from './built-in-recipe.js';

describe.each([true, false])('on a software adapter: %s', (software) => {
  const recipeOf = (name: string) => checkRecipe(JSON.parse(builtInRecipe(name, software)), name);

  test.each(BUILT_IN)('%s is a recipe', async (name) => {
    expect((await recipeOf(name)).phases.length).toBeGreaterThan(0);
  });

  test('one that counts its steps takes as many', async () => {
    const { phases, stepsPerEpoch = 0 } = await recipeOf('fast');
    const [{ epochs, optimizer }] = phases as [(typeof phases)[number]];
    const { totalSteps } = optimizer.learningRate as { readonly totalSteps: number };
    expect(epochs).toBe(Math.ceil(totalSteps / stepsPerEpoch));
  });
});
