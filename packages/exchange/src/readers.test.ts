/**
 * Models as onnxruntime and TensorFlow.js read them: the same probabilities as here, within 1e-5. Those programs are
 * a project of their own, test/readers, which npm test installs; without it, these tests are skipped.
 */
import {
  ACTIVATIONS,
  Activation,
  AveragePooling2D,
  BatchNormalization,
  Conv2D,
  Dense,
  DepthwiseConv2D,
  ELU,
  Flatten,
  GELU,
  GlobalMaxPooling2D,
  type Graph,
  LAYER_TYPES,
  LayerNormalization,
  l1,
  l1l2,
  MaxPooling2D,
  Multiply,
  type Node,
  Normalization,
  notebookCnn,
  ReLU,
  Rescaling,
  Reshape,
  Resizing,
  SeparableConv2D,
  UpSampling2D,
} from '@anke/nn';
import { describe, expect, test } from 'vitest';
import { around, branches, randomWeights, useGpu } from './testing/models.js';
import { compare, installed, onnxruntime, type Reader, tensorFlowJs } from './testing/readers.js';

const IMAGES = 6;
const gpu = useGpu();

const narrow = (): Graph => notebookCnn([28, 28, 1], { classes: 4, widths: { filters: [3, 5, 4], units: [8, 6, 5] } });

const compared = (read: Reader, graph: Graph): Promise<void> =>
  compare(gpu(), read, graph, { images: IMAGES, weights: randomWeights(graph) });

const layer =
  (make: (x: Node) => Node, shape: [number, number, number] = [9, 8, 2]) =>
  () =>
    around(make, shape);

const conv = { filters: 3, kernelSize: 2 } as const;
const activations = ACTIVATIONS.map(
  (activation) =>
    [
      `a convolution with ${activation}, and the activation by itself`,
      layer((x) => new Activation({ activation }).apply(new Conv2D({ ...conv, activation }).apply(x))),
    ] as const,
);

const BOTH: readonly (readonly [string, () => Graph])[] = [
  ['a chain', narrow],
  ...activations,
  ['a graph with branches and every type of layer', branches],
  ['even kernels, same', layer((x) => new Conv2D({ filters: 3, kernelSize: [4, 2], padding: 'same' }).apply(x))],
  [
    'a depthwise convolution with strides',
    layer((x) => new DepthwiseConv2D({ kernelSize: 3, strides: 2, padding: 'same', depthMultiplier: 3 }).apply(x)),
  ],
  [
    'a valid depthwise convolution without bias',
    layer((x) => new DepthwiseConv2D({ kernelSize: [2, 3], useBias: false }).apply(x)),
  ],
  [
    'a dilated convolution, same',
    layer((x) => new Conv2D({ filters: 3, kernelSize: [3, 2], dilationRate: [2, 3], padding: 'same' }).apply(x)),
  ],
  [
    'a dilated convolution with penalties, valid',
    layer((x) => {
      const options = { kernelRegularizer: l1(0.1), biasRegularizer: l1l2({ l1: 0.1, l2: 0.2 }) };
      return new Conv2D({ filters: 3, kernelSize: 3, dilationRate: 2, ...options }).apply(x);
    }),
  ],
  ['means with pixels left over', layer((x) => new AveragePooling2D({ poolSize: 2, strides: 3 }).apply(x))],
  [
    'maxima of negative numbers, same',
    layer((x) => new MaxPooling2D({ padding: 'same' }).apply(new Rescaling({ scale: 1, offset: -2 }).apply(x))),
  ],
  [
    'nearest pixels, more',
    layer((x) => new Resizing({ height: 20, width: 13, interpolation: 'nearest' }).apply(x), [24, 5, 2]),
  ],
  [
    'nearest pixels, fewer',
    layer((x) => new Resizing({ height: 5, width: 6, interpolation: 'nearest' }).apply(x), [24, 28, 1]),
  ],
  [
    'batch normalizations without γ, β or both',
    layer((x) => {
      const [scaled, shifted] = [new BatchNormalization({ center: false }), new BatchNormalization({ scale: false })];
      return new BatchNormalization({ center: false, scale: false }).apply(shifted.apply(scaled.apply(x)));
    }),
  ],
  [
    'a normalization of channels, each by its own numbers',
    layer((x) => new Normalization({ mean: [0.25, 0.5, -1], variance: [0.01, 4, 0.25] }).apply(x), [8, 7, 3]),
  ],
  ['batch normalization of features', layer((x) => new BatchNormalization({}).apply(new Flatten({}).apply(x)))],
  ['bilinear, more', layer((x) => new Resizing({ height: 21, width: 64 }).apply(x), [9, 28, 2])],
  [
    'a layer that is used twice, with an activation that TensorFlow.js has as a layer only',
    layer((x) => {
      const shared = new Conv2D({ filters: 2, kernelSize: 1, activation: 'leakyRelu' });
      return shared.apply(shared.apply(x));
    }),
  ],
  [
    'factors for channels, for pixels, and for images',
    layer((x) => {
      const y = new Conv2D({ filters: 3, kernelSize: 2, activation: 'sigmoid' }).apply(x);
      const channels = new Reshape({ targetShape: [1, 1, 3] }).apply(new GlobalMaxPooling2D().apply(y));
      const pixels = new Conv2D({ filters: 1, kernelSize: 1 }).apply(y);
      const images = new Dense({ units: 1 }).apply(new Flatten().apply(y));
      return new Multiply().apply(channels, y, pixels, images);
    }),
  ],
  [
    'layer normalization of images, without gamma, without beta',
    layer((x) => {
      const y = new Conv2D({ filters: 5, kernelSize: 2 }).apply(x);
      const normalized = new LayerNormalization({ scale: false, epsilon: 0.01 }).apply(y);
      return new LayerNormalization({ center: false }).apply(
        new Conv2D({ filters: 4, kernelSize: 1 }).apply(normalized),
      );
    }),
  ],
  [
    'a separable convolution with strides, without bias',
    layer((x) =>
      new SeparableConv2D({ filters: 4, kernelSize: 3, strides: 2, useBias: false, activation: 'leakyRelu' }).apply(x),
    ),
  ],
  [
    'a separable convolution with dilation',
    layer((x) => new SeparableConv2D({ filters: 3, kernelSize: [2, 3], dilationRate: 2, padding: 'same' }).apply(x)),
  ],
  ['pixels repeated', layer((x) => new UpSampling2D({ size: [3, 2] }).apply(x), [4, 3, 2])],
  ['bilinear upsampling', layer((x) => new UpSampling2D({ size: [2, 3], interpolation: 'bilinear' }).apply(x))],
  [
    'rows of a convolution’s images',
    layer((x) => new Dense({ units: 4 }).apply(new Reshape({ targetShape: [-1] }).apply(new Conv2D(conv).apply(x)))),
  ],
  ['bilinear, fewer', layer((x) => new Resizing({ height: 5, width: 7 }).apply(x), [24, 28, 2])],
];

const ONNX_ONLY: readonly (readonly [string, () => Graph])[] = [
  ['GELU by tanh', layer((x) => new GELU({ approximate: true }).apply(new Conv2D(conv).apply(x)))],
  ['an ELU with alpha', layer((x) => new ELU({ alpha: 0.4 }).apply(new Conv2D(conv).apply(x)))],
  // TensorFlow.js 4.22's WASM backend gives zeros for such a convolution.
  [
    'strides larger than a kernel, same',
    layer((x) => new Conv2D({ filters: 3, kernelSize: 2, strides: 3, padding: 'same' }).apply(x)),
  ],
  [
    'a convolution in groups',
    layer((x) => new Conv2D({ filters: 6, kernelSize: [2, 3], groups: 3, padding: 'same' }).apply(x), [5, 6, 9]),
  ],
  [
    'a convolution in as many groups as channels, without bias',
    layer((x) => new Conv2D({ filters: 6, kernelSize: 2, groups: 3, useBias: false }).apply(x), [5, 6, 3]),
  ],
  [
    'a dilated depthwise convolution',
    layer((x) => new DepthwiseConv2D({ kernelSize: 3, dilationRate: [1, 2], depthMultiplier: 2 }).apply(x)),
  ],
  [
    'a leaky relu with a limit',
    layer((x) => {
      const conv = new Conv2D({ filters: 2, kernelSize: 2 });
      return new ReLU({ maxValue: 0.2, negativeSlope: 0.5 }).apply(conv.apply(x));
    }),
  ],
];

test('the graph with branches has every type of layer', () => {
  expect(new Set(branches().layers.map(({ layer: { type } }) => type))).toEqual(new Set(LAYER_TYPES));
});

describe.skipIf(!installed)('onnxruntime predicts the same', () => {
  test.each([...BOTH, ...ONNX_ONLY])('%s', async (_, graph) => {
    await compared(onnxruntime, graph());
  });
});

describe.skipIf(!installed)('TensorFlow.js predicts the same', () => {
  test.each(BOTH)('%s', async (_, graph) => {
    await compared(tensorFlowJs, graph());
  });
});
