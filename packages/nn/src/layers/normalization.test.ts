/** If these failed, images would come into a model in another range than the one that it was trained in. */
import { expect, test } from 'vitest';
import { channelMoments } from '../engine/channel-moments.js';
import { initialWeights } from '../graph/initial-weights.js';
import { input } from '../graph/node.js';
import { sequential } from '../graph/sequential.js';
import { MeanSquaredError } from '../losses/mean-squared-error.js';
import { Model } from '../model.js';
import { SGD } from '../optimizers/sgd.js';
import { useGpu } from '../testing/device.js';
import { Dense } from './dense.js';
import { Flatten } from './flatten.js';
import { Normalization } from './normalization.js';

const gpu = useGpu();
// Two images of (2, 1, 2): red 1, 3, 5, 7; green 10, 10, 10, 30.
const samples = { pixels: Uint8Array.of(1, 10, 3, 10, 5, 10, 7, 30), shape: [2, 1, 2], rescale: 0.5, offset: -1 };

test('means and variances of each channel, of the numbers that come into the model', () => {
  const { mean, variance } = channelMoments(samples);
  // Byte means 4 and 15; byte variances (9 + 1 + 1 + 9) / 4 = 5 and (3 · 25 + 225) / 4 = 75.
  expect(mean).toEqual([1, 6.5]);
  expect(variance).toEqual([1.25, 18.75]);
});

test('what is adapted to images has mean 0 and deviation 1 in each channel', async () => {
  const graph = sequential([new Normalization(channelMoments(samples)), new Flatten()], { inputShape: [2, 1, 2] });
  const model = Model.of(graph);
  model.compile({ gpu: gpu(), optimizer: new SGD() });
  const values = await model.predict(samples);
  model.destroy();
  const expected = [1, 10, 3, 10, 5, 10, 7, 30].map((byte, i) =>
    i % 2 === 0 ? (byte - 4) / Math.sqrt(5) : (byte - 15) / Math.sqrt(75),
  );
  for (const [i, value] of expected.entries()) expect(values[i]).toBeCloseTo(value, 5);
});

test('one number is that of all channels, and 0 and 1 are the numbers if there are none', () => {
  const weightsOf = (layer: Normalization): number[][] =>
    [...initialWeights(sequential([layer], { inputShape: [2, 1, 2] })).values()].map(({ values }) => [...values]);
  expect(weightsOf(new Normalization({ mean: 3, variance: [4, 9] }))).toEqual([
    [3, 3],
    [4, 9],
  ]);
  expect(weightsOf(new Normalization())).toEqual([
    [0, 0],
    [1, 1],
  ]);
});

test('what cannot be', () => {
  expect(() => new Normalization({ variance: -1 })).toThrow('variance must be a number of at least 0');
  expect(() => new Normalization({ mean: Number.NaN })).toThrow('mean must be a number');
  expect(() => new Normalization({ mean: [1, 2, 3] }).apply(input([2, 1, 2]))).toThrow(
    'as many channels as mean has numbers, 3',
  );
});

test('what comes in by it has the slope 1 / √variance of what goes out', async () => {
  const layers = [
    new Dense({ units: 2, kernelInitializer: 'ones' }),
    new Normalization({ mean: 1, variance: [4, 0.25] }),
  ];
  const model = Model.of(sequential(layers, { inputShape: [1] }));
  model.compile({ gpu: gpu(), optimizer: new SGD({ learningRate: 1 }), loss: new MeanSquaredError() });
  // y = (w · 1 − 1) / σ is 0 for each: with the target −1, the mean of squares has the slope 1 in y, 1 / σ in w.
  await model.fit(
    { pixels: Uint8Array.of(1), shape: [1], targets: Float32Array.of(-1, -1) },
    { epochs: 1, batchSize: 1 },
  );
  const weights = await model.getWeights();
  model.destroy();
  expect([...(weights.get('dense/kernel')?.values ?? [])]).toEqual([0.5, -1].map((value) => expect.closeTo(value, 5)));
  expect([...(weights.get('normalization/variance')?.values ?? [])]).toEqual([4, 0.25]);
});
