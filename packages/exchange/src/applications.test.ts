/**
 * MobileNetV2 and VGG16, narrow, as onnxruntime and TensorFlow.js read them: on 256 images, the same probabilities as
 * here, within 1e-5. See readers.test.ts.
 */
import { type Graph, mobileNetV2, sizeOf, vgg16, type WeightValues } from '@anke/nn';
import { Random } from '@anke/random';
import { describe, test } from 'vitest';
import { useGpu } from './testing/models.js';
import { compare, installed, onnxruntime, type Reader, tensorFlowJs } from './testing/readers.js';

const gpu = useGpu();
const IMAGES = 256;

/**
 * Weights that keep what goes through the layers near one, so that probabilities differ from image to image: kernels
 * as He et al. draw them (arXiv:1502.01852), by the number of terms in a sum.
 */
function livelyWeights({ layers }: Graph): ReadonlyMap<string, WeightValues> {
  const random = new Random(9, 'lively');
  const ranges: Readonly<Record<string, readonly [number, number]>> = {
    bias: [-0.1, 0.1],
    gamma: [0.7, 1.3],
    beta: [-0.3, 0.3],
    moving_mean: [-0.1, 0.1],
    moving_variance: [0.7, 1.3],
  };
  const weights = layers.flatMap(({ name: layer, layer: { type }, weights: specs }) =>
    specs.map(({ name, shape }): [string, WeightValues] => {
      const sides = shape.slice(0, type === 'DepthwiseConv2D' ? -2 : -1);
      const limit = Math.sqrt(6 / sizeOf(sides));
      const [low, high] = ranges[name] ?? [-limit, limit];
      return [
        `${layer}/${name}`,
        { shape, values: Float32Array.from({ length: sizeOf(shape) }, () => random.between(low, high)) },
      ];
    }),
  );
  return new Map(weights);
}

const MODELS: readonly (readonly [string, () => Graph])[] = [
  ['MobileNetV2', () => mobileNetV2({ alpha: 0.35, inputShape: [32, 32, 3], classes: 10 })],
  ['VGG16', () => vgg16({ alpha: 1 / 16, inputShape: [32, 32, 3], classes: 10 })],
];
const READERS: readonly (readonly [string, Reader])[] = [
  ['onnxruntime', onnxruntime],
  ['TensorFlow.js', tensorFlowJs],
];

describe.skipIf(!installed).each(MODELS)('%s', (_, model) => {
  test.each(READERS)('by %s', async (_name, read) => {
    const graph = model();
    await compare(gpu(), read, graph, { images: IMAGES, weights: livelyWeights(graph) });
  });
});
