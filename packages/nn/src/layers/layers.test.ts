/**
 * If these failed, a layer would have another shape, another name, other weights or other defaults than Keras's, would
 * take what it cannot use, or would do while predicting what it is to do while training only.
 */
import { describe, expect, test } from 'vitest';
import {
  Average,
  Dense,
  describeGraph,
  ELU,
  Flatten,
  GaussianNoise,
  GlobalMaxPooling2D,
  Graph,
  graphFromDescription,
  input,
  type Layer,
  type LayerDescription,
  LayerNormalization,
  LeakyReLU,
  Multiply,
  makeLayer,
  Reshape,
  SeparableConv2D,
  Session,
  type Shape,
  SpatialDropout2D,
  UpSampling2D,
} from '../index.js';
import { useGpu } from '../testing/device.js';
import { ReferenceMemory, randomSamples, referenceStep } from '../testing/reference-model.js';

const gpu = useGpu();
const image = [6, 4, 3] as const;

/** A graph of one layer on inputs of these shapes: all are the model's input, reshaped. */
function graphOf(layer: Layer, ...shapes: readonly Shape[]): Graph {
  const x = input([72]);
  const row = new Dense({ units: 72, name: 'all' }).apply(x);
  const inputs = shapes.map((targetShape, i) => {
    const units = targetShape.reduce((a, b) => a * b);
    return new Reshape({ targetShape, name: `shaped${i}` }).apply(new Dense({ units, name: `in${i}` }).apply(row));
  });
  return new Graph(x, layer.apply(...inputs));
}

test.each<[Layer, readonly Shape[], string, Shape, Readonly<Record<string, Shape>>]>([
  [new Average(), [image, image], 'average', image, {}],
  [new ELU(), [image], 'elu', image, {}],
  [new GaussianNoise({ stddev: 1 }), [image], 'gaussian_noise', image, {}],
  [new GlobalMaxPooling2D(), [image], 'global_max_pooling2d', [3], {}],
  [new LayerNormalization(), [image], 'layer_normalization', image, { gamma: [3], beta: [3] }],
  [new LayerNormalization({ center: false }), [[7]], 'layer_normalization', [7], { gamma: [7] }],
  [new LeakyReLU(), [image], 'leaky_re_lu', image, {}],
  [new Multiply(), [image, [1, 1, 3]], 'multiply', image, {}],
  [new Multiply(), [[3], image], 'multiply', image, {}],
  [new Multiply(), [[6, 4, 1], image, [1, 1, 1]], 'multiply', image, {}],
  [new Reshape({ targetShape: [8, -1] }), [image], 'reshape', [8, 9], {}],
  [
    new SeparableConv2D({ filters: 5, kernelSize: [3, 2], depthMultiplier: 2, strides: 2, padding: 'same' }),
    [image],
    'separable_conv2d',
    [3, 2, 5],
    { depthwise_kernel: [3, 2, 3, 2], pointwise_kernel: [1, 1, 6, 5], bias: [5] },
  ],
  [new SpatialDropout2D({ rate: 0.5 }), [image], 'spatial_dropout2d', image, {}],
  [new UpSampling2D(), [image], 'up_sampling2d', [12, 8, 3], {}],
  [new UpSampling2D({ size: [1, 3], interpolation: 'bilinear' }), [image], 'up_sampling2d', [6, 12, 3], {}],
])('%o', (layer, shapes, name, output, weights) => {
  const graph = graphOf(layer, ...shapes);
  expect([graph.output.name, graph.output.shape]).toEqual([name, output]);
  expect(Object.fromEntries(graph.output.weights.map((weight) => [weight.name, weight.shape]))).toEqual(weights);
  const again = graphFromDescription(JSON.parse(JSON.stringify(describeGraph(graph))));
  expect(describeGraph(again)).toEqual(describeGraph(graph));
});

describe('what a layer cannot take is named', () => {
  test.each<[Layer, readonly Shape[], string]>([
    [new Average(), [image], 'expects at least two inputs of one shape'],
    [new Multiply(), [image], 'expects at least two inputs'],
    [new Multiply(), [image, [1, 4, 1]], 'inputs of one shape, or with 1 in neighbouring axes where another has more'],
    [new Multiply(), [image, [6]], 'inputs of one shape, or with 1 in neighbouring axes'],
    [
      new Multiply(),
      [
        [6, 1, 3],
        [1, 4, 3],
      ],
      'inputs of one shape, or with 1 in neighbouring axes',
    ],
    [new Reshape({ targetShape: [5, -1] }), [image], 'expects as many elements as (5, -1) can hold'],
    [new Reshape({ targetShape: [5] }), [image], 'expects as many elements as (5,) can hold'],
    [new GlobalMaxPooling2D(), [[7]], 'images of shape (height, width, channels)'],
    [new SpatialDropout2D({ rate: 0.5 }), [[7]], 'images of shape (height, width, channels)'],
    [new SeparableConv2D({ filters: 1, kernelSize: 9 }), [image], 'images of at least 9 × 9 pixels'],
  ])('%#', (layer, shapes, message) => {
    expect(() => graphOf(layer, ...shapes)).toThrow(message);
  });

  test.each<[LayerDescription, string]>([
    [{ type: 'ELU', alpha: Number.NaN }, 'alpha must be a number, not NaN'],
    [{ type: 'LeakyReLU', negativeSlope: -1 }, 'negativeSlope must not be negative, but is -1'],
    [{ type: 'GELU', approximate: 'tanh' }, 'a GELU\'s "approximate" must be one of true, false, not "tanh"'],
    [{ type: 'GaussianNoise', stddev: -1 }, 'stddev must not be negative, but is -1'],
    [{ type: 'SpatialDropout2D', rate: 1 }, 'rate must lie in 0 … 1 (without 1), not 1'],
    [{ type: 'LayerNormalization', epsilon: 0 }, 'epsilon must be positive, not 0'],
    [{ type: 'LayerNormalization', scale: 2 }, 'a LayerNormalization\'s "scale" must be one of true, false, not 2'],
    [{ type: 'Reshape', targetShape: [-1, -1] }, 'positive integers, and -1 once at most, not (-1, -1)'],
    [{ type: 'Reshape', targetShape: [] }, 'positive integers, and -1 once at most'],
    [{ type: 'Reshape', targetShape: 6 }, 'a Reshape cannot be made of its options'],
    [{ type: 'UpSampling2D', size: 0.5 }, 'size must be positive integers'],
    [{ type: 'UpSampling2D', interpolation: 'cubic' }, 'must be one of bilinear, nearest, not "cubic"'],
    [{ type: 'SeparableConv2D', filters: 0, kernelSize: 3 }, 'must be positive integers'],
  ])('%o', ({ type = '', ...options }, message) => {
    expect(() => makeLayer(type, options)).toThrow(message);
  });
});

test('noise and dropout of channels change what is trained on, and nothing else', async () => {
  const shape = [4, 4, 2] as const;
  const classified = (noise: boolean): Graph => {
    const x = input(shape);
    const noisy = new GaussianNoise({ stddev: 3 }).apply(new SpatialDropout2D({ rate: 0.5 }).apply(x));
    return new Graph(x, new Dense({ units: 2 }).apply(new Flatten().apply(noise ? noisy : x)), { seed: 1 });
  };
  const [lossWith, lossWithout] = [true, false].map((noise) => {
    const memory = new ReferenceMemory(classified(noise));
    return referenceStep(memory, randomSamples(memory.graph, 8)).loss;
  });
  expect(lossWith).not.toBe(lossWithout);
  const pixels = Uint8Array.from({ length: 32 * 3 }, (_, i) => (i * 37) % 256);
  const predictions = [];
  for (const noise of [true, false]) {
    const session = Session.open(gpu(), classified(noise));
    const predictor = await session.predictor(3, { rescale: 1 / 255 });
    predictions.push(Array.from(await predictor.predict(pixels)));
    session.destroy();
  }
  expect(predictions[0]).toEqual(predictions[1]);
});
