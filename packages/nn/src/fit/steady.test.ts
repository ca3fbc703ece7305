/**
 * What must not happen while a model trains: nothing allocated or compiled once the first steps have run, nothing read
 * back but counters and sums, behind each submit, no memory that grows with steps or with models, no work that grows
 * with the number of rows.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { COUNTERS, Readback, Recorder, SLICE_ALIGNMENT } from '@anke/kernels';
import { expect, test, vi } from 'vitest';
import { Batches } from '../engine/batches.js';
import { DeviceData, type Samples } from '../engine/device-data.js';
import { toCategorical } from '../engine/sample-check.js';
import { BatchNormalization } from '../layers/batch-normalization.js';
import { Conv2D } from '../layers/conv2d.js';
import { Dense } from '../layers/dense.js';
import { Dropout } from '../layers/dropout.js';
import { Flatten } from '../layers/flatten.js';
import { MaxPooling2D } from '../layers/max-pooling-2d.js';
import { l2 } from '../layers/regularizers.js';
import { CategoricalCrossentropy } from '../losses/categorical-crossentropy.js';
import { Accuracy, TopKCategoricalAccuracy } from '../metrics/accuracy.js';
import { MeanAbsoluteError } from '../metrics/mean-absolute-error.js';
import { Precision } from '../metrics/precision.js';
import { Sequential } from '../model.js';
import { Adam } from '../optimizers/adam.js';
import { Nadam } from '../optimizers/nadam.js';
import { countBytes, countCalls } from '../testing/counts.js';
import { useGpu } from '../testing/device.js';

const gpu = useGpu();

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const heap = (): number => {
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().heapUsed;
};

const model = (): Sequential =>
  new Sequential([
    new Conv2D({ filters: 4, kernelSize: 3, activation: 'relu', inputShape: [8, 8, 1] }),
    new BatchNormalization(),
    new MaxPooling2D(),
    new Flatten(),
    new Dense({ units: 8, activation: 'relu', kernelRegularizer: l2(0.01) }),
    new Dropout({ rate: 0.25 }),
    new Dense({ units: 3, activation: 'softmax' }),
  ]);

const samples = (count: number): Samples => ({
  pixels: Uint8Array.from({ length: count * 64 }, (_, i) => (i * 37) % 256),
  labels: Uint8Array.from({ length: count }, (_, i) => i % 3),
  shape: [8, 8, 1],
});

/** What had been called when a report came. */
interface Seen {
  readonly done: number;
  readonly total: number;
  readonly calls: Record<string, number>;
  readonly reads: number | undefined;
  readonly submits: number | undefined;
  readonly counters: number | undefined;
}

/** Targets, weights and metrics that need dispatches of their own; and epochs that end within a pass. */
const everything = (): Samples => ({
  ...samples(602),
  targets: toCategorical(samples(602).labels ?? [], 3),
  sampleWeight: new Float32Array(602).fill(0.5),
});
const goal = {
  loss: new CategoricalCrossentropy(),
  metrics: [new Accuracy(), new TopKCategoricalAccuracy({ k: 2 }), new Precision(), new MeanAbsoluteError()],
};

/** An optimizer whose every option makes a dispatch of its own, or a buffer. */
const full = (): Nadam =>
  new Nadam({
    learningRate: { type: 'cosineDecay', initialLearningRate: 0.01, decaySteps: 500 },
    clipnorm: 1,
    weightDecay: 0.01,
    excludeFromWeightDecay: ['bias'],
    useEma: true,
    emaOverwriteFrequency: 7,
  });

// With a schedule, the rate of an epoch's last step is read behind it.
test.each([
  ['', {}, {}, samples],
  [', by an optimizer with all options', { optimizer: full() }, {}, samples],
  [', with targets, weights, metrics and steps of its own', goal, { stepsPerEpoch: 400 }, everything],
])('nothing is allocated, compiled or uploaded from the second step to the end of an epoch%s', async (...which) => {
  const [, compiled, options, make] = which;
  const trained = model();
  trained.compile({ gpu: gpu(), optimizer: new Adam(), ...compiled });
  const calls = countCalls(gpu());
  const read = vi.spyOn(gpu(), 'read');
  const submit = vi.spyOn(gpu().device.queue, 'submit');
  // The only thing that comes back, behind each submit, with no wait of its own: the counters and the epoch's sums.
  const counters = vi.spyOn(Readback.prototype, 'read');
  const wait = vi.spyOn(gpu(), 'finish');
  const seen: Seen[] = [];
  for await (const event of trained.fitEvents(make(602), { epochs: 2, batchSize: 2, ...options })) {
    if (event.type !== 'progress') continue;
    const [reads, submits, back] = [read, submit, counters].map((spy) => spy.mock.calls.length);
    seen.push({ done: event.done, total: event.total, calls: calls(), reads, submits, counters: back });
  }
  expect(wait).not.toHaveBeenCalled();
  // The loss's, and of each of four metrics that need their own.
  const sums = 'metrics' in compiled ? 5 * SLICE_ALIGNMENT : 12;
  for (const { value } of counters.mock.results) expect((await value).byteLength).toBe(4 * COUNTERS + sums);
  for (const spy of [read, submit, counters, wait]) spy.mockRestore();
  const ends = seen.flatMap(({ done, total }, i) => (done === total ? [i] : []));
  expect(ends.length).toBe(2);
  const [firstEpoch, secondEpoch] = [seen.slice(0, (ends[0] as number) + 1), seen.slice((ends[0] as number) + 1)];
  for (const epoch of [firstEpoch, secondEpoch]) {
    expect(epoch.length).toBeGreaterThan(2);
    const [first, last] = [epoch[0], epoch.at(-1)];
    // The first report comes after the first submit, of a single step.
    expect(first?.done).toBeLessThanOrEqual(4 * 64);
    expect(last?.calls).toEqual(first?.calls);
    expect(last?.reads).toBe(first?.reads);
    expect(last?.counters).toBeLessThanOrEqual((last?.submits ?? 0) - (first?.submits ?? 0) + (first?.counters ?? 0));
    // Many steps share a submit.
    expect((last?.submits ?? 0) - (first?.submits ?? 0)).toBeLessThan(100);
  }
  // What the counters count does happen elsewhere: the model is looked at before the first epoch and after each.
  expect(calls()['createBuffer']).toBeGreaterThan(5);
  expect(seen.at(-1)?.reads).toBe('optimizer' in compiled ? 3 : 2);
  trained.destroy();
});

/** Node's heap grows and shrinks by some hundreds of kilobytes anyway. */
const HEAP_NOISE = 2 ** 20;

test('2,000 steps leave no memory behind', async () => {
  const bytes = countBytes(gpu());
  const trained = model();
  trained.compile({ gpu: gpu(), optimizer: new Adam() });
  const seen: { bytes: number; heap: number }[] = [];
  await trained.fit(samples(1000), {
    epochs: 4,
    batchSize: 2,
    callbacks: [{ onEpochEnd: () => void seen.push({ bytes: bytes(), heap: heap() }) }],
  });
  expect(new Set(seen.map((each) => each.bytes)).size).toBe(1);
  expect((seen[3]?.heap ?? 0) - (seen[0]?.heap ?? 0)).toBeLessThan(HEAP_NOISE);
  trained.destroy();
  expect(bytes()).toBe(0);
});

test('50 models built, trained, asked and dropped leave no memory behind', async () => {
  const bytes = countBytes(gpu());
  const heaps: number[] = [];
  for (let i = 0; i < 60; i++) {
    const trained = model();
    trained.compile({ gpu: gpu(), optimizer: new Adam() });
    await trained.fit(samples(10), { epochs: 1, batchSize: 4, validationData: samples(5) });
    await trained.predict(samples(7));
    trained.destroy();
    expect(bytes()).toBe(0);
    heaps.push(heap());
  }
  // The first ones fill caches.
  expect((heaps[59] as number) - (heaps[9] as number)).toBeLessThan(HEAP_NOISE);
});

/** Work of one training step by the kernels' own counts. */
function workOfStep(batch: number, rows: number): { flops: number; bytes: number; dispatches: number } {
  const trained = model();
  trained.compile({ gpu: gpu(), optimizer: new Adam() });
  const data = new DeviceData(gpu(), 'data', samples(rows));
  const batches = new Batches(gpu(), { data, seed: 0 });
  const recorder = new Recorder(gpu());
  trained.session.train(recorder, batches, { size: batch, stride: batch });
  const costs = recorder.program.map(({ kernel, params }) => kernel.cost(params));
  data.destroy();
  batches.destroy();
  trained.destroy();
  return {
    flops: costs.reduce((sum, { flops }) => sum + flops, 0),
    bytes: costs.reduce((sum, { bytes }) => sum + bytes, 0),
    dispatches: costs.length,
  };
}

test('the work for an image falls or stays level as the batch grows, and does not depend on the number of rows', () => {
  const batches = [32, 64, 256, 1024, 4096];
  const work = batches.map((batch) => ({ batch, ...workOfStep(batch, 4096) }));
  for (const [i, { batch, flops, bytes, dispatches }] of work.entries()) {
    const before = work[i - 1];
    if (!before) continue;
    expect(flops / batch).toBeLessThanOrEqual(1.001 * (before.flops / before.batch));
    // A larger batch may leave the gradients of its weights in parts, which are small beside its activations.
    expect(bytes / batch).toBeLessThanOrEqual(1.01 * (before.bytes / before.batch));
    expect(dispatches).toBeLessThanOrEqual(before.dispatches + 1);
  }
  expect(workOfStep(32, 64)).toEqual(workOfStep(32, 8192));
});
