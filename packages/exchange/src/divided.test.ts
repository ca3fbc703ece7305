/**
 * A model whose dense layer is too large for the device to bind at once, so that it is trained in pieces. If this
 * failed, its files would hold other weights than it predicts with.
 */
import { Dense, describeGraph, encodeWeights, Flatten, type Graph, Sequential, SGD, type WeightValues } from '@anke/nn';
import { expect, test } from 'vitest';
import { limitBindings } from '../../nn/src/testing/limit.js';
import { assignWeights, fromOnnx, readSafetensorsWeights, toOnnx } from './index.js';
import { predictions, randomImages, useGpu } from './testing/models.js';
import { compare, installed, onnxruntime, tensorFlowJs } from './testing/readers.js';

const gpu = useGpu();
/** A batch of 64 images fits; a weight of 144 × 100 elements does not. */
const BINDING = 40_960;
const IMAGES = 40;

interface Written {
  readonly graph: Graph;
  readonly weights: ReadonlyMap<string, WeightValues>;
}

/** Trained under the limit, with what it predicts. */
async function trained() {
  const model = new Sequential(
    [
      new Flatten({ inputShape: [12, 12, 1] }),
      new Dense({ units: 100, activation: 'relu' }),
      new Dense({ units: 3, activation: 'softmax' }),
    ],
    { seed: 4 },
  );
  const samples = randomImages(model.graph, IMAGES);
  model.compile({ gpu: gpu(), optimizer: new SGD({ learningRate: 0.1 }) });
  const before = await model.getWeights();
  const labels = Uint8Array.from({ length: IMAGES }, (_, i) => i % 3);
  await model.fit({ ...samples, labels }, { epochs: 2, batchSize: 8 });
  const weights = await model.getWeights();
  expect(weights.get('dense/kernel')).not.toEqual(before.get('dense/kernel'));
  const predicted = await model.predict(samples);
  model.destroy();
  return { graph: model.graph, weights, samples, predicted };
}

test.each<[string, (model: Written) => Promise<Written>]>([
  ['ONNX', async ({ graph, weights }) => fromOnnx(await toOnnx(graph, weights))],
  [
    'safetensors',
    async ({ graph, weights }) => ({
      graph,
      weights: assignWeights(graph, readSafetensorsWeights('weights', encodeWeights(weights))),
    }),
  ],
])('from %s, it predicts the same, in pieces and whole', async (_, again) => {
  const restore = limitBindings(gpu(), BINDING);
  const model = await trained();
  const read = await again(model);
  expect(describeGraph(read.graph)).toEqual(describeGraph(model.graph));
  expect(await predictions(gpu(), read.graph, read.weights, model.samples)).toEqual(model.predicted);
  restore();
  const whole = await predictions(gpu(), read.graph, read.weights, model.samples);
  // The same sums of 144 products in another order; probabilities below 1.
  whole.forEach((value, i) => {
    expect(Math.abs(value - (model.predicted[i] as number))).toBeLessThan(144 * 2 ** -23);
  });
});

test.skipIf(!installed).each([
  ['onnxruntime', onnxruntime],
  ['TensorFlow.js', tensorFlowJs],
])('%s predicts the same', async (_, reader) => {
  limitBindings(gpu(), BINDING);
  const { graph, weights } = await trained();
  await compare(gpu(), reader, graph, { images: IMAGES, weights });
});
