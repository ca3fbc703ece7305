/** What is written for TensorFlow.js; that it predicts the same is shown in readers.test.ts. */
import {
  Conv2D,
  Dense,
  DepthwiseConv2D,
  ELU,
  Flatten,
  GELU,
  Graph,
  input,
  type Node,
  ReLU,
  sequential,
} from '@anke/nn';
import { expect, test } from 'vitest';
import { ExchangeError, toTensorFlowJs } from '../index.js';
import { around, branches, randomWeights } from '../testing/models.js';

interface Written {
  readonly class_name: string;
  readonly name?: string;
  readonly config: { readonly name: string; readonly [option: string]: unknown };
  readonly inbound_nodes?: readonly (readonly (readonly [string, number, 0, object])[])[];
}

function written(graph: Graph): { readonly kind: string; readonly layers: Written[]; readonly weights: string[] } {
  const { json, weights } = toTensorFlowJs(graph, randomWeights(graph));
  const { modelTopology, weightsManifest } = JSON.parse(json);
  const specs = weightsManifest[0].weights as { name: string; shape: number[] }[];
  expect(weights.length).toBe(4 * specs.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0));
  const { class_name: kind, config } = modelTopology.model_config;
  return { kind, layers: config.layers, weights: specs.map(({ name }) => name) };
}

test('a chain is a Sequential whose first layer has the input’s shape', () => {
  const layers = [new Flatten({}), new Dense({ units: 3, useBias: false, trainable: false })];
  const { kind, layers: got, weights } = written(sequential(layers, { inputShape: [2, 2, 1] }));
  expect(kind).toBe('Sequential');
  expect(got.map(({ class_name }) => class_name)).toEqual(['Flatten', 'Dense']);
  expect(got[0]?.config['batch_input_shape']).toEqual([null, 2, 2, 1]);
  expect(got[1]?.config).toMatchObject({ name: 'dense', units: 3, use_bias: false, trainable: false });
  expect(weights).toEqual(['dense/kernel']);
});

test('a graph is Functional; a layer that is used twice is there once, with two nodes', () => {
  const { kind, layers, weights } = written(branches());
  expect(kind).toBe('Functional');
  const shared = layers.filter(({ name }) => name === 'shared');
  expect(shared.map((layer) => layer.inbound_nodes?.map(([first]) => first?.[0]))).toEqual([['conv2d', 're_lu']]);
  const add = layers.find(({ class_name }) => class_name === 'Add');
  expect(add?.inbound_nodes).toEqual([
    [
      ['re_lu', 0, 0, {}],
      ['shared', 0, 0, {}],
      ['shared', 1, 0, {}],
    ],
  ]);
  expect(weights).toContain('depthwise_conv2d/depthwise_kernel');
  // A grey image three times, and a resampling as two products.
  const grey = layers.find(({ name }) => name === 'grayscale_to_rgb');
  expect(grey?.class_name).toBe('Concatenate');
  expect(grey?.inbound_nodes?.[0]?.length).toBe(3);
  expect(weights).toContain('resizing_rows/kernel');
});

test('a layer without weights that is used twice is there twice', () => {
  const relu = new ReLU({ maxValue: 6 });
  const x = input([4, 4, 1]);
  const end = relu.apply(new Conv2D({ filters: 2, kernelSize: 1 }).apply(relu.apply(x)));
  const { kind, layers } = written(new Graph(x, new Dense({ units: 2 }).apply(new Flatten({}).apply(end))));
  expect(kind).toBe('Sequential');
  expect(layers.map(({ config }) => config.name)).toEqual(['re_lu', 'conv2d', 're_lu_2', 'flatten', 'dense']);
});

test.each<[(x: Node) => Node, string]>([
  [
    (x) => new ReLU({ maxValue: 6, negativeSlope: 0.1, name: 'act' }).apply(x),
    'layer "act" (ReLU) has both a maxValue and a negativeSlope, which TensorFlow.js has no layer for: ' +
      'leave one out, or export the model as ONNX',
  ],
  [
    (x) => new ELU({ alpha: 0.5, name: 'act' }).apply(x),
    'layer "act" (ELU) has alpha 0.5, but TensorFlow.js takes no other than 1: export the model as ONNX',
  ],
  [
    (x) => new GELU({ approximate: true, name: 'act' }).apply(x),
    'layer "act" (GELU) is approximate, which TensorFlow.js cannot read: leave it out, or export the model as ONNX',
  ],
])('what TensorFlow.js has no layer for is named: %#', (make, message) => {
  const graph = around(make, [3, 3, 1]);
  expect(() => toTensorFlowJs(graph, randomWeights(graph))).toThrow(new ExchangeError(message));
});

test.each<[(x: Node) => Node, string]>([
  [
    (x) => new Conv2D({ filters: 4, kernelSize: 1, groups: 2, name: 'cut' }).apply(x),
    'layer "cut" (Conv2D) has groups, which TensorFlow.js ignores: export it as ONNX',
  ],
  [
    (x) => new DepthwiseConv2D({ kernelSize: 2, dilationRate: [1, 2], name: 'wide' }).apply(x),
    'layer "wide" (DepthwiseConv2D) has a dilationRate, which TensorFlow.js ignores: export it as ONNX',
  ],
])('what TensorFlow.js would ignore is refused: %#', (make, message) => {
  const graph = around(make, [3, 3, 4]);
  expect(() => toTensorFlowJs(graph, randomWeights(graph))).toThrow(new ExchangeError(message));
});
