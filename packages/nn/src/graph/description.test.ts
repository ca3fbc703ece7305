/** If these failed, a model would not come back from its JSON as it was, or a wrong description would be accepted. */
import { describe, expect, test } from 'vitest';
import {
  Add,
  Conv2D,
  Dense,
  describeGraph,
  Flatten,
  Graph,
  graphFromDescription,
  graphFromLayers,
  input,
  type LayerDescription,
  notebookCnn,
  summarize,
} from '../index.js';

/** A convolution that is used twice, and a sum of three. */
function shared(): Graph {
  const x = input([6, 6, 2], 'images');
  const conv = new Conv2D({ filters: 2, kernelSize: 3, padding: 'same', name: 'conv', trainable: false });
  const once = conv.apply(x);
  const sum = new Add().apply(once, conv.apply(once), x);
  return new Graph(x, new Dense({ units: 3 }).apply(new Flatten().apply(sum)), { seed: 9 });
}

test('a chain is a list of layers', () => {
  const description = describeGraph(notebookCnn([28, 28, 1], { seed: 4 }));
  const { layers, ...rest } = description;
  expect(rest).toEqual({
    format: 'anke-model',
    version: 2,
    seed: 4,
    input: { name: 'input', shape: [28, 28, 1] },
  });
  expect(layers[0]).toEqual({ type: 'Conv2D', name: 'conv1', filters: 32, kernelSize: 3, activation: 'relu' });
  expect(layers.some(({ inputs }) => inputs)).toBe(false);
});

test('a graph says what feeds its nodes, and which layer they share', () => {
  const conv = { filters: 2, kernelSize: 3, padding: 'same', trainable: false };
  expect(describeGraph(shared()).layers).toEqual([
    { type: 'Conv2D', name: 'conv', ...conv },
    { layer: 'conv', name: 'conv:2' },
    { type: 'Add', name: 'add', inputs: ['conv', 'conv:2', 'images'] },
    { type: 'Flatten', name: 'flatten' },
    { type: 'Dense', name: 'dense', units: 3 },
  ]);
});

test.each([
  ['a chain', () => notebookCnn([28, 28, 1], { seed: 3 })],
  ['shared layers', shared],
])('%s comes back from its JSON', (_, make) => {
  const graph = make();
  const again = graphFromDescription(JSON.parse(JSON.stringify(describeGraph(graph))));
  expect(describeGraph(again)).toEqual(describeGraph(graph));
  expect(summarize(again)).toBe(summarize(graph));
  expect(again.layers.map(({ weights }) => weights)).toEqual(graph.layers.map(({ weights }) => weights));
});

test('layers without names are named in the order of the list', () => {
  const list = [{ type: 'Flatten' }, { type: 'Dense', units: 2 }, { type: 'Dense', units: 3 }];
  const graph = graphFromLayers(list, { inputShape: [2, 2, 1] });
  expect(graph.nodes.map(({ name }) => name)).toEqual(['flatten', 'dense', 'dense_1']);
});

describe('what is no model', () => {
  const good = describeGraph(notebookCnn([28, 28, 1]));
  test.each([
    [null, 'this JSON does not describe an Anke model'],
    [{ ...good, version: 1 }, 'this model has format version 1; version 2 can be read'],
    [{ ...good, version: { a: 1 } }, 'this model has format version {"a":1}; version 2 can be read'],
    [{ ...good, version: undefined }, 'this model has format version nothing; version 2 can be read'],
    [{ ...good, version: '\u001b[31m' }, 'this model has format version "\ufffd[31m"; version 2 can be read'],
    [{ ...good, layers: undefined }, 'this model has no list of layers'],
    [{ ...good, layers: [null] }, 'null stands where a layer is expected'],
    [{ ...good, input: { shape: [1] } }, 'this model\'s input is {"shape":[1]} instead of a name and a shape'],
    [{ ...good, input: { name: 'x', shape: [4, [], 1] } }, 'instead of a name and a shape'],
    [{ ...good, seed: [] }, "this model's seed is [] instead of a number"],
  ])('%#', (description, message) => {
    expect(() => graphFromDescription(description)).toThrow(message);
  });

  test.each<[LayerDescription[], string]>([
    [[{ type: 'Conv3D' }], 'there is no layer of the type "Conv3D", only Activation, Add,'],
    [[{ type: 'toString' }], 'there is no layer of the type "toString"'],
    [[{ name: 'a' }], 'the layer {"name":"a"} has no type'],
    [[{ type: 'Conv2D', filters: 3 }], 'a Conv2D cannot be made of its options'],
    [[{ type: 'Flatten', inputs: ['b'] }], 'layer "flatten" has the input "b", but no layer before it has that name'],
    [[{ type: 'Flatten', inputs: 'input' as never }], 'the inputs of layer "Flatten" are no list of names'],
    [[{ type: 'Flatten', name: {} as never }], "a layer's name is {} instead of text"],
    [
      [{ type: 'Conv2D', filters: 1, kernelSize: 1, activation: 'rely' }],
      'a Conv2D\'s "activation" must be one of linear, relu, relu6, leakyRelu, elu, gelu, sigmoid, silu, ' +
        'swish, softplus, tanh, softmax, not "rely"',
    ],
    [[{ type: 'MaxPooling2D', padding: 'sane' }], 'a MaxPooling2D\'s "padding" must be one of valid, same, not "sane"'],
    [[{ type: 'Flatten', toString: 'x' }], 'a Flatten\'s "toString" must be a number, or a list of numbers, not "x"'],
    [[{ type: 'Dropout', rate: '0.5' }], 'a Dropout\'s "rate" must be a number, or a list of numbers, not "0.5"'],
    [
      [{ type: 'Dense', units: 1, kernelRegularizer: { l1: 1, l3: 1 } }],
      'must be { "l1": number, "l2": number } or one of them, none below zero, not {"l1":1,"l3":1}',
    ],
    [
      [{ type: 'Dense', units: 1, kernelInitializer: 'glorot' }],
      'a Dense\'s "kernelInitializer" must be one of constant, glorotNormal,',
    ],
    [
      [{ type: 'Dense', units: 1, biasInitializer: { type: 'constant', vale: 1 } }],
      'a Dense\'s "biasInitializer" has no option "vale" where it is constant, not {"type":"constant","vale":1}',
    ],
    [
      [{ type: 'Dense', units: 1, kernelInitializer: { type: 'randomNormal', stddev: '1' } }],
      'must have a number as its stddev',
    ],
    [[{ layer: 'a' }], 'a node shares layer "a", but no layer before it has that name'],
    [
      [
        { type: 'Flatten', name: 'a' },
        { type: 'Flatten', layer: 'a' },
      ],
      'a layer has both a type, "Flatten", and a layer to share, "a"',
    ],
    [
      [
        { type: 'Flatten', name: 'a' },
        { type: 'Flatten', name: 'a' },
      ],
      'two layers are named "a"',
    ],
    [
      [{ type: 'Flatten' }, { type: 'Dropout', rate: 0.5, inputs: ['input'] }],
      'the output does not depend on "flatten"',
    ],
  ])('%#', (list, message) => {
    expect(() => graphFromLayers(list, { inputShape: [8, 8, 1] })).toThrow(message);
  });
});
