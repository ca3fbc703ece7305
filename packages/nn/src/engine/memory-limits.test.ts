/**
 * Steps, images and weights that a device has no memory for. If these failed, a training would begin and then fail, or
 * end the device for everything after it.
 */
import { DeviceMemoryError } from '@anke/kernels';
import { afterEach, describe, expect, test } from 'vitest';
import { Dense } from '../layers/dense.js';
import { Flatten } from '../layers/flatten.js';
import { Sequential } from '../model.js';
import { Adam } from '../optimizers/adam.js';
import { SGD } from '../optimizers/sgd.js';
import { countBytes, countCalls } from '../testing/counts.js';
import { useGpu } from '../testing/device.js';
import { refuseMemory } from '../testing/refusal.js';
import { smallModel, stripes } from '../testing/small-model.js';
import type { Samples } from './device-data.js';

const gpu = useGpu();

// Whatever was refused, no error is left on the device.
afterEach(async () => {
  await new Promise((resolve) => setTimeout(resolve, 10));
  gpu().check();
});

const compiled = (): Sequential => {
  const model = smallModel();
  model.compile({ gpu: gpu(), optimizer: new Adam() });
  return model;
};

const blank = (count: number): Samples => ({
  pixels: new Uint8Array(count * 144),
  labels: new Uint8Array(count),
  shape: [12, 12, 1],
});

describe('beyond what the device binds at once', () => {
  /** Of the first convolution, 10 × 10 × 5 floats for each image. */
  const fitting = (): number => Math.floor(gpu().maxBinding / 2000);
  const number = (count: number): string => count.toLocaleString('en-US');

  test.each(['fit', 'evaluate', 'predict'] as const)('%s names the layer and the batch that fits', async (what) => {
    const bytes = countBytes(gpu());
    const model = compiled();
    await model.session.stateCheck.weights();
    const [before, calls] = [bytes(), countCalls(gpu())];
    const batchSize = fitting() + 100;
    const failing = model[what](blank(batchSize), { batchSize, epochs: 1 });
    const limit = `${number(Math.floor(gpu().maxBinding / 2 ** 20))} MiB`;
    await expect(failing).rejects.toThrow(
      `conv2d's output (relu), in a batch of ${number(batchSize)}, needs ${limit}, ` +
        `but this device binds at most ${limit} at once; a batch of at most ${number(fitting())} fits`,
    );
    expect(calls()).toMatchObject({ createShaderModule: 0, createComputePipelineAsync: 0 });
    expect(bytes()).toBe(before);
    expect((await model.fit(stripes(20), { epochs: 1, batchSize: 10 })).epochs.length).toBe(1);
    model.destroy();
  });

  test('images', async () => {
    const model = compiled();
    const most = Math.floor(gpu().maxBinding / 144);
    await expect(model.fit(blank(most + 1), { epochs: 1 })).rejects.toThrow(`the array of images (training) needs`);
    await expect(model.fit(blank(most + 1), { epochs: 1 })).rejects.toThrow(
      `at most ${number(most)} of their size fit`,
    );
    model.destroy();
  });
});

test('a wide layer trains with a large batch, for which some kernels would need too many workgroups', async () => {
  const model = new Sequential([
    new Flatten({ inputShape: [2, 2, 1] }),
    new Dense({ units: 1000, activation: 'relu' }),
    new Dense({ units: 3, activation: 'softmax' }),
  ]);
  model.compile({ gpu: gpu(), optimizer: new SGD({ learningRate: 1e-3 }) });
  const count = 8192;
  const samples: Samples = {
    pixels: Uint8Array.from({ length: count * 4 }, (_, i) => (i * 37) % 256),
    labels: Uint32Array.from({ length: count }, (_, i) => i % 3),
    shape: [2, 2, 1],
    rescale: 1 / 255,
  };
  const large = await model.evaluate(samples, { batchSize: count });
  const small = await model.evaluate(samples, { batchSize: 256 });
  expect(large.loss / small.loss).toBeCloseTo(1, 5);
  const { epochs } = await model.fit(samples, { epochs: 1, batchSize: count });
  expect((epochs[0]?.['loss'] ?? 0) / small.loss).toBeCloseTo(1, 5);
  model.destroy();
});

describe('refused by the device', () => {
  test.each([
    ['an activation', /output/],
    ['a gradient', /^the gradient of conv2d's/],
    ['images', /^training pixels/],
    ['their order', /^order/],
  ])('%s: what was allocated is freed, and a later training with less is right', async (_, pattern) => {
    const samples = stripes(40);
    const undisturbed = compiled();
    const expected = await undisturbed.fit(samples, { epochs: 2, batchSize: 10 });
    undisturbed.destroy();
    const bytes = countBytes(gpu());
    const model = compiled();
    const before = bytes();
    let refused = 0;
    refuseMemory(gpu(), (label) => pattern.test(label) && refused++ === 0);
    const failing = model.fit(samples, { epochs: 2, batchSize: 20 });
    await expect(failing).rejects.toThrow(DeviceMemoryError);
    await expect(failing).rejects.toThrow(/ MiB, which the device has not got; use a smaller batch/);
    expect(bytes()).toBe(before);
    expect(await model.fit(samples, { epochs: 2, batchSize: 10 })).toEqual(expected);
    model.destroy();
    expect(bytes()).toBe(0);
  });

  test.each(['weights', 'gradients', 'm', 'v'])('%s: the model cannot be trained, another one can', async (name) => {
    let refused = 0;
    refuseMemory(gpu(), (label) => label === name && refused++ === 0);
    const model = compiled();
    await expect(model.fit(stripes(20), { epochs: 1 })).rejects.toThrow(DeviceMemoryError);
    expect(refused).toBeGreaterThan(0);
    model.destroy();
    const other = compiled();
    expect((await other.fit(stripes(20), { epochs: 1 })).epochs.length).toBe(1);
    other.destroy();
  });

  test('a copy: the reading fails, a later one does not', async () => {
    let refused = 0;
    refuseMemory(gpu(), (label) => label.startsWith('a copy of') && refused++ === 0);
    const model = compiled();
    await expect(model.getWeights()).rejects.toThrow(DeviceMemoryError);
    expect((await model.getWeights()).size).toBeGreaterThan(0);
    model.destroy();
  });

  test('a snapshot: it is not restored in silence', async () => {
    refuseMemory(gpu(), (label) => label === 'copy of weights');
    const model = compiled();
    const snapshot = model.session.weights.snapshot();
    await gpu().finish();
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(() => snapshot.restore()).toThrow(DeviceMemoryError);
    model.destroy();
  });
});
