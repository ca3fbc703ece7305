/** If these failed, a model would learn from or predict something else from float32 samples than from their values. */
import type { Augmentation } from '@anke/kernels';
import { expect, test } from 'vitest';
import { Dense } from '../layers/dense.js';
import { Sequential } from '../model.js';
import { Adam } from '../optimizers/adam.js';
import { SGD } from '../optimizers/sgd.js';
import { useGpu } from '../testing/device.js';
import { smallModel, stripes } from '../testing/small-model.js';
import { channelMoments } from './channel-moments.js';
import type { Samples } from './device-data.js';

const gpu = useGpu();

const TURNED: Augmentation = {
  ...{ rotation: 20, heightShift: 1, widthShift: 1, shear: 5, zoom: [0.9, 1.1], horizontalFlip: true },
  ...{ verticalFlip: false, brightness: [1, 1], fillMode: 'nearest', cval: 0 },
};

const asFloats = (samples: Samples): Samples => ({ ...samples, pixels: Float32Array.from(samples.pixels) });

/** Whatever a training comes to, down to the bits. */
async function trained(data: Samples, validationData: Samples, augmentation?: Augmentation): Promise<object> {
  const model = smallModel();
  model.compile({ gpu: gpu(), optimizer: new Adam() });
  const options = { epochs: 2, batchSize: 8, validationData, ...(augmentation ? { augmentation } : {}) };
  const history = await model.fit(data, options);
  const result = {
    losses: [history.series('loss'), history.series('val_loss')],
    weights: await model.getWeights(),
    evaluated: await model.evaluate(validationData),
    predicted: await model.predict(validationData),
  };
  model.destroy();
  return result;
}

test.each([
  ['as they are', undefined],
  ['changed at random', TURNED],
])('images %s: numbers that are whole bytes train to the same bits as the bytes', async (_, augmentation) => {
  const [training, validation] = [stripes(20), stripes(9, 2)];
  const expected = await trained(training, validation, augmentation);
  expect(await trained(asFloats(training), asFloats(validation), augmentation)).toEqual(expected);
});

/** y = 2 a − 3 b + 0.5 */
function linear(): Sequential {
  const model = new Sequential([new Dense({ units: 1, inputShape: [2] })]);
  model.compile({ gpu: gpu(), optimizer: new SGD() });
  model.setWeights(
    new Map([
      ['dense/kernel', { shape: [2, 1], values: Float32Array.of(2, -3) }],
      ['dense/bias', { shape: [1], values: Float32Array.of(0.5) }],
    ]),
  );
  return model;
}

test('numbers come in as they are, of any size and sign, or scaled where a scale is given', async () => {
  const model = linear();
  const samples = { pixels: Float32Array.of(0.25, -0.5, 1000, 0.125, -3, 0), shape: [2] };
  expect(await model.predict(samples)).toEqual(Float32Array.of(2.5, 2000.125, -5.5));
  expect(await model.predict({ ...samples, rescale: 2, offset: 1 })).toEqual(Float32Array.of(3.5, 3998.75, -12.5));
  // A part of a longer array, and bytes through the same model.
  const part = { ...samples, pixels: samples.pixels.subarray(2, 4) };
  expect(await model.predict(part)).toEqual(Float32Array.of(2000.125));
  expect(await model.predict({ shape: [2], pixels: Uint8Array.of(3, 1) })).toEqual(Float32Array.of(3.5));
  model.destroy();
});

test('a predictor that is kept takes what it was made for', async () => {
  const model = linear();
  const pixels = Float32Array.of(0.25, -0.5, 1, 1, 0, 1);
  const predictor = await model.session.predictor(2, { pixels });
  expect(await predictor.predict(pixels)).toEqual(Float32Array.of(2.5, -0.5, -2.5));
  const data = model.session.data.acquire({ pixels, shape: [2] });
  expect(await predictor.predict(data)).toEqual(Float32Array.of(2.5, -0.5, -2.5));
  await expect(predictor.predict(Uint8Array.of(1, 2))).rejects.toThrow(
    'the images are bytes, but the predictor was made for numbers',
  );
  await expect(predictor.predict(pixels.subarray(1))).rejects.toThrow(
    '5 numbers are no whole number of images of 2 numbers',
  );
  model.destroy();
});

test('what is not a number is named', async () => {
  const model = linear();
  const samples = { pixels: Float32Array.of(0, 1, 2, Number.NaN), shape: [2] };
  await expect(model.predict(samples)).rejects.toThrow('pixel 1 of sample 1 must be a finite number, but is NaN');
  await expect(model.predict({ ...samples, pixels: samples.pixels.subarray(1) })).rejects.toThrow(
    '3 numbers are no whole number of samples of 2 numbers',
  );
  model.destroy();
});

test('means and variances of each channel', () => {
  const samples = { pixels: Float32Array.of(0.5, -10, 1.5, -10, 2.5, -10, 3.5, 10), shape: [2, 1, 2] };
  expect(channelMoments(samples)).toEqual({ mean: [2, -5], variance: [1.25, 75] });
  expect(channelMoments({ ...samples, rescale: 2, offset: 1 })).toEqual({ mean: [5, -9], variance: [5, 300] });
});
