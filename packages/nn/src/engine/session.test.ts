/**
 * What a session keeps: recordings by batch, samples that are uploaded once, weights by name; and that it frees them.
 */
import { expect, test, vi } from 'vitest';
import { EarlyStopping } from '../fit/early-stopping.js';
import { evaluate } from '../fit/evaluate.js';
import { fit } from '../fit/fit.js';
import { Adam } from '../optimizers/adam.js';
import { SGD } from '../optimizers/sgd.js';
import { countBytes, countCalls } from '../testing/counts.js';
import { useGpu } from '../testing/device.js';
import { smallModel, stripes } from '../testing/small-model.js';
import { Session } from './session.js';

const gpu = useGpu();
const { graph } = smallModel();

test('predictors are kept by batch: a second one compiles and allocates nothing', async () => {
  const session = Session.open(gpu(), graph);
  const images = stripes(5);
  const predictor = await session.predictor(4, images);
  const outputs = await predictor.predict(images.pixels);
  const calls = countCalls(gpu());
  expect(await session.predictor(4, images)).toBe(predictor);
  expect(await predictor.predict(images.pixels)).toEqual(outputs);
  const { createBuffer, ...others } = calls();
  // Each of the two batches is read through a buffer of its own.
  expect(createBuffer).toBe(2);
  expect(others).toMatchObject({ createShaderModule: 0, createComputePipelineAsync: 0, createBindGroup: 0 });
  expect(await session.predictor(1, images)).not.toBe(predictor);
  session.destroy();
});

test('calls of one predictor may run side by side', async () => {
  const session = Session.open(gpu(), graph);
  const images = stripes(12);
  const predictor = await session.predictor(4, images);
  const one = images.pixels.subarray(0, 144 * 5);
  const other = images.pixels.subarray(144 * 5);
  const whole = await predictor.predict(images.pixels);
  const [first, second] = await Promise.all([predictor.predict(one), predictor.predict(other)]);
  expect([...first, ...second]).toEqual([...whole]);
  await expect(predictor.predict(new Uint8Array(100))).rejects.toThrow(
    '100 bytes are no whole number of images of 144 bytes',
  );
  session.destroy();
});

test('samples that are held are uploaded once for training, validation, evaluation and prediction', async () => {
  const session = Session.open(gpu(), graph);
  session.compile({ optimizer: new Adam() });
  const [training, validationData] = [stripes(40), stripes(20, 2)];
  const upload = vi.spyOn(gpu(), 'upload');
  session.data.acquire(training);
  session.data.acquire(validationData);
  const history = [];
  for await (const event of fit(session, training, { epochs: 1, batchSize: 8, validationData })) history.push(event);
  session.compile({ optimizer: new SGD() });
  for await (const event of fit(session, training, { epochs: 1, batchSize: 8, validationData })) history.push(event);
  const held = await evaluate(session, validationData);
  const predictor = await session.predictor(8, validationData);
  const onDevice = await predictor.predict(session.data.find(validationData) ?? new Uint8Array());
  const pixels = upload.mock.calls.filter(([label]) => label.endsWith('pixels'));
  // Two sets of samples, and the images of the predictor's batch.
  expect(pixels.length).toBe(3);
  expect(await predictor.predict(validationData.pixels)).toEqual(onDevice);
  session.data.release(validationData);
  expect(session.data.find(validationData)).toBeUndefined();
  expect(await evaluate(session, validationData)).toEqual(held);
  session.destroy();
  upload.mockRestore();
});

test('evaluating held samples again compiles nothing', async () => {
  const session = Session.open(gpu(), graph);
  session.compile({ optimizer: new Adam() });
  const samples = stripes(20);
  session.data.acquire(samples);
  const first = await evaluate(session, samples);
  const calls = countCalls(gpu());
  expect(await evaluate(session, samples)).toEqual(first);
  // A small read: what is not finite in the weights. The sums come back with the counters.
  expect(calls()).toMatchObject({ createBuffer: 1, createShaderModule: 0, createBindGroup: 0 });
  // Two at once do not disturb one another.
  expect(await Promise.all([evaluate(session, samples), evaluate(session, samples)])).toEqual([first, first]);
  session.destroy();
});

test('all memory is given back: of samples, predictors, snapshots, and of a training that fails', async () => {
  const bytes = countBytes(gpu());
  const session = Session.open(gpu(), graph);
  session.compile({ optimizer: new Adam() });
  const samples = stripes(20);
  const weights = bytes();
  await evaluate(session, samples);
  expect(bytes()).toBe(weights);
  const stopping = new EarlyStopping({ monitor: 'no such thing', restoreBestWeights: true });
  const run = async (): Promise<void> => {
    const callbacks = [{ onTrainBegin: () => void session.weights.snapshot() }, stopping];
    for await (const _ of fit(session, samples, { epochs: 1, callbacks }));
  };
  await expect(run()).rejects.toThrow('EarlyStopping watches "no such thing"');
  await session.predictor(2);
  session.data.acquire(samples);
  expect(bytes()).toBeGreaterThan(weights);
  session.destroy();
  expect(bytes()).toBe(0);
});

test('a snapshot restores the weights, and its values can be written into another session’s', async () => {
  const session = Session.open(gpu(), graph);
  const before = await session.weights.get();
  const snapshot = session.weights.snapshot();
  const zeros = new Map([...before].map(([name, { shape, values }]) => [name, { shape, values: values.map(() => 0) }]));
  session.weights.set(zeros);
  expect(await session.weights.get()).toEqual(zeros);
  snapshot.restore();
  expect(await session.weights.get()).toEqual(before);
  const other = Session.open(gpu(), smallModel(7).graph);
  const copy = other.weights.snapshot();
  copy.write(await snapshot.read());
  copy.restore();
  expect(await other.weights.get()).toEqual(before);
  expect(() => copy.write({})).toThrow('the state\'s "weights" has 0 numbers, but the model expects ');
  session.destroy();
  other.destroy();
});
