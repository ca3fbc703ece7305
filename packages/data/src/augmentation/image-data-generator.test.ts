/**
 * If these failed, Keras's parameters would change images in another way here than in Keras, or nonsense would be
 * accepted.
 */
import { expect, test } from 'vitest';
import { ImageDataset } from '../dataset.js';
import { ImageDataGenerator, type ImageDataGeneratorOptions } from './image-data-generator.js';

const SHAPE = [20, 40, 1] as const;

test('nothing by default, and the first rows for validation', () => {
  const generator = new ImageDataGenerator({ rescale: 1 / 127, validationSplit: 0.25 });
  expect(generator.augmentation(SHAPE)).toBeUndefined();
  expect(new ImageDataGenerator({ brightnessRange: [1, 1], zoomRange: 0 }).augmentation(SHAPE)).toBeUndefined();
  const data = new ImageDataset('train.csv', [1, 1, 1], Uint8Array.of(5, 6, 7, 8, 9), {
    labels: new Uint32Array(5),
  });
  const { training, validation } = generator.split(data);
  expect(Array.from(validation.pixels)).toEqual([5]);
  expect(Array.from(training.pixels)).toEqual([6, 7, 8, 9]);
  expect([training.factor, training.offset, validation.factor]).toEqual([1 / 127, 0, 1 / 127]);
  expect(new ImageDataGenerator({ validationSplit: 0.25 }).split(data).training.factor).toBe(data.factor);
});

test('what changes nothing is left out, so that it takes no time', () => {
  const nothing = { elasticRange: 0, strokeRange: 0, contrastRange: [1, 1], noise: 0, erasing: 0 } as const;
  expect(new ImageDataGenerator({ ...nothing, erasingRange: [0.1, 0.2] }).augmentation(SHAPE)).toBeUndefined();
  const turned = new ImageDataGenerator({ ...nothing, rotationRange: 3 }).augmentation(SHAPE) ?? {};
  expect(Object.keys(turned)).not.toContain('elastic');
});

// What keras.preprocessing.image.ImageDataGenerator.get_random_transform draws from.
test.each([
  [{ widthShiftRange: 0.1 }, { widthShift: 4, heightShift: 0 }],
  [{ heightShiftRange: 0.1 }, { widthShift: 0, heightShift: 2 }],
  [{ widthShiftRange: 3 }, { widthShift: [0, 1, 2] }],
  [{ widthShiftRange: 2.5 }, { widthShift: 2.5 }],
  [{ widthShiftRange: [0.1, 0.5] }, { widthShift: [4, 20] }],
  [{ widthShiftRange: [0.1, 5] }, { widthShift: [0.1, 5] }],
  [{ zoomRange: 0.25 }, { zoom: [0.75, 1.25] }],
  [{ zoomRange: [0.5, 1] }, { zoom: [0.5, 1] }],
  [
    { rotationRange: 10, shearRange: 5 },
    { rotation: 10, shear: 5, zoom: [1, 1], brightness: [1, 1], fillMode: 'nearest' },
  ],
  [
    { horizontalFlip: true, fillMode: 'constant', cval: 9 },
    { horizontalFlip: true, verticalFlip: false, fillMode: 'constant', cval: 9 },
  ],
  [{ elasticRange: 0.1 }, { elastic: [2, 4], rotation: 0 }],
  [{ elasticRange: 3 }, { elastic: [3, 3] }],
  [
    { strokeRange: 0.5, contrastRange: [0.7, 1.3], noise: 8 },
    { stroke: 0.5, contrast: [0.7, 1.3], noise: 8 },
  ],
  [{ erasing: 0.5 }, { erasing: { probability: 0.5, heights: [3, 7], widths: [6, 14] } }],
  [{ erasing: 1, erasingRange: [0.01, 1] }, { erasing: { probability: 1, heights: [1, 20], widths: [1, 40] } }],
] as const)('%j', (options, expected) => {
  expect(new ImageDataGenerator(options).augmentation(SHAPE)).toMatchObject(expected);
});

test.each<[ImageDataGeneratorOptions, string]>([
  [{ rotationRange: -1 }, 'rotationRange must be degrees of at least 0, not -1'],
  [{ shearRange: Number.NaN }, 'shearRange must be degrees of at least 0, not NaN'],
  [{ widthShiftRange: [] }, 'widthShiftRange must be a number of at least 0, or a list of numbers, not '],
  [{ heightShiftRange: -0.1 }, 'heightShiftRange must be a number of at least 0, or a list of numbers, not -0.1'],
  [
    { zoomRange: 1 },
    'zoomRange must be a number of at least 0 and below 1, or two factors above 0, the smaller one first, not 1',
  ],
  [{ zoomRange: [1.2, 0.8] }, 'the smaller one first, not 1.2,0.8'],
  [{ brightnessRange: [-1, 1] }, 'brightnessRange must be two factors of at least 0, the smaller one first, not -1,1'],
  [{ fillMode: 'mirror' as 'wrap' }, 'fillMode must be one of nearest, constant, reflect, wrap, not mirror'],
  [{ cval: 256 }, 'cval must be a number in 0 … 255, not 256'],
  [{ elasticRange: -1 }, 'elasticRange must be a number of at least 0, not -1'],
  [{ strokeRange: Number.NaN }, 'strokeRange must be a number of at least 0, not NaN'],
  [{ noise: Number.POSITIVE_INFINITY }, 'noise must be a number of at least 0, not Infinity'],
  [{ contrastRange: [2, 1] }, 'contrastRange must be two factors of at least 0, the smaller one first, not 2,1'],
  [{ erasing: 1.1 }, 'erasing must be a share of the images, 0 … 1, not 1.1'],
  [{ erasingRange: [0, 1] }, 'erasingRange must be two shares of the sides above 0 and up to 1, the smaller one first'],
  [{ rescale: 0 }, 'rescale must be a number other than 0, not 0'],
  [{ validationSplit: 1 }, 'validationSplit must be a number of at least 0 and below 1, not 1'],
])('%j is refused', (options, message) => {
  expect(() => new ImageDataGenerator(options)).toThrow(message);
});
