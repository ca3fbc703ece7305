/** The built-in recipes as the commands take them: if these failed, they would not train what they say. */
import { countParameters, type LayerDescription } from '@anke/nn';
import { expect, test } from 'vitest';
import { checkRecipe } from './check.js';
import { makeModel } from './make.js';
import { type ModelSize, SHIPPED_NAMES, shippedRecipe } from './shipped.js';

const model = async (name: string, size: ModelSize = {}, channels = 1) => {
  const { layers, seed } = await checkRecipe(shippedRecipe(name, { ...size, channels }), name);
  return makeModel(layers, { seed, inputShape: [28, 28, channels], classes: 10 });
};
const parameters = async (name: string, size?: ModelSize): Promise<number> =>
  countParameters((await model(name, size)).layers).total;

test('each makes a model for as many classes as there are, of Keras’s size', async () => {
  expect(SHIPPED_NAMES).toEqual(['notebook', 'cnn', 'small', 'fast', 'mobilenetv2', 'vgg16']);
  expect(await parameters('notebook')).toBe(173_674);
  expect(await parameters('cnn')).toBe(173_674);
  expect(await parameters('small')).toBe(61_578);
  expect(await parameters('fast')).toBe(29_514);
  expect(await parameters('mobilenetv2')).toBe(3_538_984 - 990 * 1281);
  expect(await parameters('mobilenetv2', { imageSize: 64, alpha: 0.35 })).toBe(423_018);
  expect(await parameters('vgg16')).toBe(138_357_544 - 990 * 4097);
  expect(await parameters('vgg16', { imageSize: 32, alpha: 1 / 8 })).toBe(531_634);
});

test('the fast one ends when its cycle does', async () => {
  const { phases, stepsPerEpoch = 0 } = await checkRecipe(shippedRecipe('fast'), 'fast');
  const [{ optimizer, epochs }] = phases as [(typeof phases)[number]];
  expect(phases).toHaveLength(1);
  expect(optimizer.learningRate).toMatchObject({ type: 'oneCycle', totalSteps: epochs * stepsPerEpoch });
});

test('images are resized, and grey ones get three channels', async () => {
  const shapes = async (channels: number) => {
    const { graph } = await model('mobilenetv2', { imageSize: 33, alpha: 0.35 }, channels);
    return graph.nodes.slice(0, 4).map(({ name, shape }) => [name, ...shape]);
  };
  const resized = (channels: number) => ['resize', 33, 33, channels];
  const scaled = ['preprocess_input', 33, 33, 3];
  expect(await shapes(1)).toEqual([resized(1), ['rgb', 33, 33, 3], scaled, ['Conv1', 17, 17, 16]]);
  expect((await shapes(3)).slice(0, 2)).toEqual([resized(3), scaled]);
});

test('batch normalizations move their averages fast enough for a short training', () => {
  const layers = shippedRecipe('mobilenetv2')?.layers as LayerDescription[];
  const momenta = layers.flatMap(({ type, momentum }) => (type === 'BatchNormalization' ? [momentum] : []));
  expect(momenta).toEqual(Array.from({ length: 52 }, () => 0.9));
});

test('what does not come in sizes says so', () => {
  expect(() => shippedRecipe('cnn', { imageSize: 64 })).toThrow(
    'cnn: an image size and alpha are for the built-in recipes mobilenetv2 and vgg16',
  );
  expect(() => shippedRecipe('vgg16', { imageSize: 31 })).toThrow('at least 32 × 32 pixels, not (31, 31, 3)');
  expect(shippedRecipe('toString')).toBeUndefined();
});
