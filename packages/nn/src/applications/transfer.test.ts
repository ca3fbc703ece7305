/**
 * A new head on a frozen base. If these failed, transfer learning would change what it says it leaves alone, or pay for
 * gradients that nobody uses.
 */
import { Recorder } from '@anke/kernels';
import { Random } from '@anke/random';
import { expect, test } from 'vitest';
import { Batches } from '../engine/batches.js';
import type { Samples } from '../engine/device-data.js';
import type { WeightValues } from '../engine/weights.js';
import { describeGraph } from '../graph/description.js';
import type { Graph } from '../graph/graph.js';
import { graphFromDescription } from '../graph/reading.js';
import { sequential } from '../graph/sequential.js';
import { BatchNormalization } from '../layers/batch-normalization.js';
import { Conv2D } from '../layers/conv2d.js';
import { Dense } from '../layers/dense.js';
import { DepthwiseConv2D } from '../layers/depthwise-conv2d.js';
import { GlobalAveragePooling2D } from '../layers/global-average-pooling-2d.js';
import { ReLU } from '../layers/relu.js';
import { Model } from '../model.js';
import { SGD } from '../optimizers/sgd.js';
import { useGpu } from '../testing/device.js';
import { mobileNetV2 } from './mobilenet-v2.js';

const gpu = useGpu();
const CLASSES = 3;

/** A graph of which only the layers from `first` on are trained. */
function trainedFrom(first: string, base: Graph): Model {
  const description = describeGraph(base);
  const position = description.layers.findIndex(({ name }) => name === first);
  const layers = description.layers.map((layer, i) => (i < position ? { ...layer, trainable: false } : layer));
  const model = Model.of(graphFromDescription({ ...description, layers }));
  model.compile({ gpu: gpu(), optimizer: new SGD({ learningRate: 0.1 }) });
  return model;
}

const SIDE = 32;
const random = new Random(4, 'pictures');
const count = 12;
const samples: Samples = {
  pixels: Uint8Array.from({ length: count * SIDE * SIDE * 3 }, () => random.integer(256)),
  labels: Uint8Array.from({ length: count }, (_, i) => i % CLASSES),
  shape: [SIDE, SIDE, 3],
  rescale: 1 / 255,
};

/** Dispatches of a training step. */
function dispatches(model: Model): number {
  const { session } = model;
  const data = session.data.acquire(samples);
  const batches = new Batches(gpu(), { data, seed: 1 });
  const recorder = new Recorder(gpu());
  session.train(recorder, batches, { size: count, stride: count });
  batches.destroy();
  session.data.release(samples);
  return recorder.program.length;
}

/** Names of weights that are others now. */
const changed = (before: ReadonlyMap<string, WeightValues>, after: ReadonlyMap<string, WeightValues>): string[] =>
  [...after].flatMap(([name, { values }]) =>
    Buffer.from(values.buffer).equals(Buffer.from(before.get(name)?.values.buffer as ArrayBuffer)) ? [] : [name],
  );

/** A base in small, with all that a frozen one has: a convolution, a normalization, a product for each channel. */
const small = (): Graph =>
  sequential(
    [
      new Conv2D({ name: 'conv', filters: 4, kernelSize: 5, strides: 4 }),
      new BatchNormalization({ name: 'norm', momentum: 0.5 }),
      new DepthwiseConv2D({ name: 'depthwise', kernelSize: 3 }),
      new ReLU({ name: 'relu', maxValue: 6 }),
      new GlobalAveragePooling2D({ name: 'pool' }),
      new Dense({ name: 'head', units: CLASSES, activation: 'softmax' }),
    ],
    { inputShape: samples.shape },
  );

test('weights and averages below the head stay as they are, to the bit; batch normalizations predict', async () => {
  // A base that has been trained: at its beginning, averages and statistics of a batch are too alike to tell.
  const whole = trainedFrom('conv', small());
  await whole.fit(samples, { epochs: 3, batchSize: count });
  const before = await whole.getWeights();
  whole.destroy();
  const model = trainedFrom('head', small());
  model.setWeights(before);
  const { loss } = await model.evaluate(samples);
  const { epochs } = await model.fit(samples, { epochs: 2, batchSize: count });
  expect(changed(before, await model.getWeights())).toEqual(['head/kernel', 'head/bias']);
  // In training as in inference: the first step's loss is that of the evaluation before it.
  expect(Math.abs((epochs[0]?.['loss'] as number) - loss)).toBeLessThan(1e-5);
  expect(epochs[1]?.['loss']).toBeLessThan(loss);
  model.destroy();
});

test('gradients end where nothing below is trained', () => {
  const base = mobileNetV2({ alpha: 0.05, inputShape: samples.shape, classes: CLASSES });
  const [all, upper, head] = ['Conv1', 'block_16_project', 'predictions'].map((first) => {
    const model = trainedFrom(first, base);
    const sent = dispatches(model);
    model.destroy();
    return sent;
  }) as [number, number, number];
  expect(head).toBeLessThan(upper);
  expect(upper).toBeLessThan(all);
  // Of the base, only the forward pass is left: a convolution or a normalization each, and the sums.
  const forward = base.nodes.filter(({ layer: { type } }) => !/ReLU|Dense/.test(type)).length;
  expect(head).toBeLessThan(forward + 15);
  expect(all).toBeGreaterThan(2 * forward);
});
