/** Recipes whose optimizers' options do not go together must be refused before anything is trained, in one line. */
import { expect, test } from 'vitest';
import { tinyRecipe } from '../testing/tiny.js';
import { checkRecipe } from './check.js';

/** A recipe whose second phase has this optimizer. */
function withOptimizer(optimizer: object, callbacks: readonly object[] = []) {
  const recipe = tinyRecipe(1);
  return { ...recipe, phases: [recipe.phases[0], { optimizer, callbacks, epochs: 1 }] };
}
const cosine = { type: 'cosineDecay', initialLearningRate: 0.1, decaySteps: 10 };

test('every optimizer takes a schedule, clipping, decay and averages', async () => {
  for (const type of ['Adam', 'AdamW', 'Nadam', 'RMSprop', 'SGD']) {
    const options = { learningRate: cosine, clipnorm: 1, weightDecay: 0.1, excludeFromWeightDecay: ['bias'] };
    const optimizer = { type, ...options, useEma: true, emaMomentum: 0.9, emaOverwriteFrequency: 5 };
    const { phases } = await checkRecipe(withOptimizer(optimizer), 'recipe');
    expect(phases[1]?.optimizer).toEqual(optimizer);
    expect(phases[1]?.name).toBe(type === 'Adam' ? 'adam-2' : type.toLowerCase());
  }
});

test.each<[optimizer: object, message: string]>([
  [
    { type: 'Adam', clipnorm: 1, clipvalue: 1 },
    'phases[1].optimizer: only one of clipnorm, globalClipnorm, clipvalue may be given, not clipnorm and clipvalue',
  ],
  [{ type: 'Adam', emaMomentum: 0.9 }, 'phases[1].optimizer: emaMomentum needs useEma'],
  [{ type: 'Adam', learningRate: 0 }, 'phases[1].optimizer.learningRate: Too small: expected number to be >0'],
  [
    { type: 'Adam', learningRate: { ...cosine, type: 'cosinDecay' } },
    'phases[1].optimizer.learningRate.type: "cosinDecay" is not known here (did you mean "cosineDecay"?)',
  ],
  [
    { type: 'Adam', learningRate: { ...cosine, decaySteps: 0.5 } },
    'phases[1].optimizer.learningRate.decaySteps: expected int',
  ],
  [
    { type: 'Adam', learningRate: { ...cosine, decayStep: 5 } },
    'phases[1].optimizer.learningRate: "decayStep" is not known here (did you mean "decaySteps"?); known are type, ' +
      'initialLearningRate, decaySteps, alpha, warmupTarget, warmupSteps',
  ],
  [
    { type: 'Adam', learningRate: { type: 'piecewiseConstantDecay', boundaries: [5], values: [1] } },
    'phases[1].optimizer: 1 boundaries need 2 values, not 1',
  ],
  [{ type: 'Adagrad' }, 'phases[1].optimizer.type: "Adagrad" is not known here'],
])('%j', async (optimizer, message) => {
  const error: unknown = await checkRecipe(withOptimizer(optimizer), 'recipe').catch((thrown: unknown) => thrown);
  expect(String((error as Error).message)).toContain(message);
  expect(String((error as Error).message)).not.toContain('\n');
});

test.each(['ReduceLROnPlateau', 'LearningRateScheduler'])('%s beside a schedule', async (type) => {
  const callback = {
    type,
    ...(type === 'ReduceLROnPlateau' ? {} : { schedule: { type: 'exponential', factor: 0.5 } }),
  };
  const recipe = withOptimizer({ type: 'SGD', learningRate: cosine }, [{ type: 'TerminateOnNaN' }, callback]);
  await expect(checkRecipe(recipe, 'recipe')).rejects.toThrow(
    `recipe: phases[1].callbacks[1]: ${type} sets the learning rate, but the optimizer's follows a schedule`,
  );
});
