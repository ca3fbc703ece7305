/** If these failed, a recipe's images would be normalized by other numbers than their own. */
import { ImageDataset } from '@anke/data';
import { initialWeights } from '@anke/nn';
import { expect, test } from 'vitest';
import { RecipeError } from '../errors.js';
import { checkRecipe } from './check.js';
import { makeModel } from './make.js';

const phases = [{ optimizer: { type: 'Adam' }, epochs: 1 }];
const flatten = { type: 'Flatten' } as const;
const normalization = { type: 'Normalization', name: 'normal' } as const;
// Red 0, 51, 102, 255 of 255; green the same everywhere.
const pixels = Uint8Array.of(0, 51, 51, 51, 102, 51, 255, 51);
const images = new ImageDataset('four', [1, 1, 2], pixels);

test.each([
  [normalization, [0.4, 0.2], [0.14, 1]],
  [{ ...normalization, mean: 0.5 }, [0.5, 0.5], [1, 1]],
  [{ ...normalization, mean: [1, 2], variance: [3, 4] }, [1, 2], [3, 4]],
])('%j: numbers that are given, or those of the training images', async (layer, mean, variance) => {
  const { layers } = await checkRecipe({ layers: [layer, flatten], phases }, 'one');
  const model = makeModel(layers, { seed: 1, inputShape: images.shape, classes: 2, images });
  const weights = initialWeights(model.graph);
  const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 6));
  expect([...(weights.get('normal/mean')?.values ?? [])]).toEqual(close(mean));
  expect([...(weights.get('normal/variance')?.values ?? [])]).toEqual(close(variance));
  // What is stored describes the numbers too.
  if (layer === normalization)
    expect(model.description().layers[0]).toMatchObject({ variance: [expect.anything(), 1] });
});

test('behind other layers, the images’ own numbers would be wrong', async () => {
  const { layers } = await checkRecipe({ layers: [flatten, normalization], phases }, 'one');
  expect(() => makeModel(layers, { seed: 1, inputShape: images.shape, classes: 2, images })).toThrow(
    new RecipeError(
      'normal: behind other layers, its mean and variance must be given; ' +
        'as the first layer, it takes those of the training images',
    ),
  );
});
