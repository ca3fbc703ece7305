/**
 * If these failed, a model would be trained by another loss than was asked for, or logs would tell metrics that are
 * none. Losses and metrics of whole epochs, beside what plain loops in float64 make of the model's own predictions.
 */
import { addRows, type Executor, sum } from '@anke/kernels';
import { Random } from '@anke/random';
import { describe, expect, test } from 'vitest';
import type { Samples } from '../engine/device-data.js';
import { toCategorical } from '../engine/sample-check.js';
import {
  Accuracy,
  BinaryAccuracy,
  BinaryCrossentropy,
  CategoricalCrossentropy,
  Dense,
  type Loss,
  MeanAbsoluteError,
  MeanSquaredError,
  type Metric,
  Precision,
  Recall,
  Sequential,
  SGD,
  SparseCategoricalCrossentropy,
  TopKCategoricalAccuracy,
} from '../index.js';
import { useGpu } from '../testing/device.js';

const gpu = useGpu();
const [COUNT, FEATURES] = [37, 6];

const random = new Random(5, 'losses');
const pixels = Uint8Array.from({ length: COUNT * FEATURES }, () => random.integer(256));
const labels = Uint8Array.from({ length: COUNT }, () => random.integer(4));
const sampleWeight = Float32Array.from({ length: COUNT }, () => random.uniform() * 2);
const numbers = (outputs: number): Float32Array =>
  Float32Array.from({ length: COUNT * outputs }, () => random.uniform());
const base: Samples = { pixels, shape: [FEATURES], rescale: 1 / 64, offset: -2 };

/** A model without an activation at its end, so that what it predicts is what losses compute from. */
const linear = (outputs: number): Sequential =>
  new Sequential([new Dense({ units: outputs, inputShape: [FEATURES] })], { seed: 3 });

/** Row by row. */
const rowsOf = (values: ArrayLike<number>, outputs: number): number[][] =>
  Array.from({ length: values.length / outputs }, (_, row) =>
    Array.from({ length: outputs }, (__, j) => values[row * outputs + j] as number),
  );
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const softmax = (row: readonly number[]): number[] => {
  const total = row.reduce((all, z) => all + Math.exp(z), 0);
  return row.map((z) => Math.exp(z) / total);
};
const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
const crossEntropy = (row: readonly number[], targets: readonly number[]): number =>
  softmax(row).reduce((all, p, j) => all - (targets[j] as number) * Math.log(p), 0);
const binary = (row: readonly number[], targets: readonly number[]): number =>
  mean(
    row.map((z, j) => {
      const [p, t] = [sigmoid(z), targets[j] as number];
      return -(t * Math.log(p) + (1 - t) * Math.log(1 - p));
    }),
  );
const smooth = (targets: readonly number[], share: number, classes: number): number[] =>
  targets.map((t) => t * (1 - share) + share / classes);

/** A loss, its samples, and the loss of a row of outputs with its targets. */
interface Case {
  readonly loss: Loss;
  readonly samples: Samples;
  readonly outputs: number;
  readonly targets: ArrayLike<number>;
  of(row: readonly number[], targets: readonly number[]): number;
}

const oneHot = toCategorical(labels, 4);
const soft = numbers(4);
const CASES: Readonly<Record<string, Case>> = {
  'sparse cross-entropy': {
    loss: new SparseCategoricalCrossentropy(),
    samples: { ...base, labels },
    ...{ outputs: 4, targets: oneHot, of: crossEntropy },
  },
  'sparse cross-entropy of smoothed labels': {
    loss: new SparseCategoricalCrossentropy({ labelSmoothing: 0.2 }),
    samples: { ...base, labels },
    ...{ outputs: 4, targets: oneHot, of: (row, t) => crossEntropy(row, smooth(t, 0.2, 4)) },
  },
  'cross-entropy of soft targets': {
    loss: new CategoricalCrossentropy({ labelSmoothing: 0.1 }),
    samples: { ...base, targets: soft },
    ...{ outputs: 4, targets: soft, of: (row, t) => crossEntropy(row, smooth(t, 0.1, 4)) },
  },
  'binary cross-entropy of three outputs': {
    loss: new BinaryCrossentropy({ labelSmoothing: 0.3 }),
    samples: { ...base, targets: numbers(3) },
    ...{ outputs: 3, targets: [], of: (row, t) => binary(row, smooth(t, 0.3, 2)) },
  },
  'mean squared error': {
    loss: new MeanSquaredError(),
    samples: { ...base, targets: numbers(2) },
    ...{ outputs: 2, targets: [], of: (row, t) => mean(row.map((y, j) => (y - (t[j] as number)) ** 2)) },
  },
};

/** Sums of some thousand float32 products. */
const PRECISION = 4;

describe.each(Object.entries(CASES))('%s', (_, { loss, samples, outputs, targets, of }) => {
  const wanted = rowsOf(samples.targets ?? targets, outputs);

  test.each([false, true])('is the mean over the samples; weighted: %s', async (weighted) => {
    const model = linear(outputs);
    model.compile({ gpu: gpu(), optimizer: new SGD(), loss, metrics: [] });
    const given = weighted ? { ...samples, sampleWeight } : samples;
    const rows = rowsOf(await model.predict(samples), outputs);
    // Σ w · l / samples: keras/src/losses/loss.py, reduce_weighted_values.
    const expected = mean(
      rows.map((row, i) => of(row, wanted[i] as number[]) * (weighted ? (sampleWeight[i] as number) : 1)),
    );
    // Whole, and in batches of which the last is smaller.
    expect((await model.evaluate(given)).loss).toBeCloseTo(expected, PRECISION);
    expect(await model.evaluate(given, { batchSize: 10 })).toEqual({ loss: expect.closeTo(expected, PRECISION) });
    model.destroy();
  });

  test('falls in training, to the same bits each time', async () => {
    const train = async () => {
      const model = linear(outputs);
      model.compile({ gpu: gpu(), optimizer: new SGD({ learningRate: 0.2 }), loss });
      const { epochs } = await model.fit(
        { ...samples, sampleWeight },
        { epochs: 6, batchSize: 8, validationData: samples },
      );
      model.destroy();
      return epochs;
    };
    const epochs = await train();
    expect(epochs.at(-1)?.['loss']).toBeLessThan(epochs[0]?.['loss'] as number);
    expect(epochs.at(-1)?.['val_loss']).toBeLessThan(epochs[0]?.['val_loss'] as number);
    expect(await train()).toEqual(epochs);
  });
});

/** The mean of the largest output, as somebody's own metric, of kernels that are there. */
const ownMetric: Metric = {
  name: 'mean_output',
  sums: () => 2,
  update: (executor: Executor, { rows, outputs, predictions }, sums) => {
    const means = executor.temporary('means', rows * 4);
    executor.dispatch(
      sum,
      { outer: rows, length: outputs, inner: 1, factor: 1 / outputs },
      { x: predictions, y: means },
    );
    executor.dispatch(addRows, { rows }, { values: means, sums });
  },
  value: ([total = 0, count = 1]) => total / count,
};

/** One that the model predicts at times. */
const CLASS = 2;

const argmax = (row: readonly number[]): number => row.indexOf(Math.max(...row));

test('metrics of a classifier, by labels and by targets', async () => {
  const metrics = [
    new Accuracy(),
    new TopKCategoricalAccuracy({ k: 2 }),
    new Precision({ threshold: 0.3 }),
    new Recall({ threshold: 0.3, classId: CLASS, name: 'recall_of_class' }),
    new Precision({ average: 'macro', name: 'macro_precision' }),
    new Recall({ average: 'macro', name: 'macro_recall' }),
    ownMetric,
  ];
  const got = [];
  for (const [loss, samples] of [
    [new SparseCategoricalCrossentropy(), { ...base, labels }],
    [new CategoricalCrossentropy(), { ...base, targets: oneHot }],
  ] as const) {
    const model = linear(4);
    model.compile({ gpu: gpu(), optimizer: new SGD(), loss, metrics });
    got.push(await model.evaluate(samples, { batchSize: 10 }));
    if (got.length === 2) {
      const rows = rowsOf(await model.predict(samples), 4);
      const predicted = rows.map(argmax);
      const truth = Array.from(labels);
      const hits = rows.flatMap((row, i) =>
        softmax(row).map((p, j) => ({ positive: p > 0.3, actual: truth[i] === j, j })),
      );
      const ratio = (some: number, of: number): number => (of === 0 ? 0 : some / of);
      const count = (of: (hit: (typeof hits)[number]) => boolean): number => hits.filter(of).length;
      const both = (c: number): number => truth.filter((t, i) => t === c && predicted[i] === c).length;
      const number = (values: readonly number[], c: number): number => values.filter((value) => value === c).length;
      const classes = [0, 1, 2, 3];
      const expected = {
        accuracy: mean(truth.map((t, i) => (t === predicted[i] ? 1 : 0))),
        top_k_categorical_accuracy: mean(
          rows.map((row, i) => (row.filter((z) => z > (row[truth[i] as number] as number)).length < 2 ? 1 : 0)),
        ),
        precision: ratio(
          count((h) => h.positive && h.actual),
          count((h) => h.positive),
        ),
        recall_of_class: ratio(
          count((h) => h.j === CLASS && h.positive && h.actual),
          count((h) => h.j === CLASS && h.actual),
        ),
        macro_precision: mean(classes.map((c) => ratio(both(c), number(predicted, c)))),
        macro_recall: mean(classes.map((c) => ratio(both(c), number(truth, c)))),
        mean_output: 0.25,
      };
      for (const [name, value] of Object.entries(expected)) expect(got[1]?.[name], name).toBeCloseTo(value, 5);
      // A model that is always or never right would not tell right from wrong.
      for (const [name, value] of Object.entries(expected)) expect([0 < value, value < 1], name).toEqual([true, true]);
    }
    model.destroy();
  }
  const { loss: _, ...byLabels } = got[0] ?? {};
  expect(got[1]).toMatchObject(byLabels);
});

test('metrics of outputs that are probabilities, and of numbers', async () => {
  const targets = Float32Array.from(numbers(2), Math.round);
  const evaluated = async (loss: Loss, metrics: readonly Metric[], outputs: number, own: Float32Array) => {
    const model = linear(outputs);
    model.compile({ gpu: gpu(), optimizer: new SGD(), loss, metrics });
    const samples = { ...base, targets: own };
    const result = { got: await model.evaluate(samples, { batchSize: 10 }), y: await model.predict(samples) };
    model.destroy();
    return result;
  };
  const { got, y } = await evaluated(
    new BinaryCrossentropy(),
    [new BinaryAccuracy({ threshold: 0.6 }), new Precision(), new MeanAbsoluteError()],
    2,
    targets,
  );
  const p = Array.from(y, sigmoid);
  const t = Array.from(targets);
  const share = (some: readonly boolean[]): number => mean(some.map(Number));
  expect(got['binary_accuracy']).toBeCloseTo(share(p.map((value, i) => value > 0.6 === (t[i] === 1))), 5);
  expect(got['precision']).toBeCloseTo(
    share(t.filter((_, i) => (p[i] as number) > 0.5).map((value) => value === 1)),
    5,
  );
  expect(got['mean_absolute_error']).toBeCloseTo(mean(p.map((value, i) => Math.abs(value - (t[i] as number)))), 5);

  const single = targets.subarray(0, COUNT);
  const one = await evaluated(new BinaryCrossentropy(), [new Accuracy()], 1, single);
  expect(one.got['accuracy']).toBeCloseTo(share(Array.from(one.y, (z, i) => z > 0 === (single[i] === 1))), 5);

  const far = Float32Array.from(numbers(2), (value) => 10 * value - 5);
  const numeric = await evaluated(new MeanSquaredError(), [new MeanAbsoluteError({ name: 'mae' })], 2, far);
  expect(numeric.got['mae']).toBeCloseTo(
    mean(Array.from(numeric.y, (value, i) => Math.abs(value - (far[i] as number)))),
    4,
  );
});
