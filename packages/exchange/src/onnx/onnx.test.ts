/** ONNX files back, and those that are none: the message says what is wrong. */
import {
  BatchNormalization,
  Conv2D,
  Dense,
  describeGraph,
  Flatten,
  Graph,
  input,
  l1,
  notebookCnn,
  ReLU,
  type WeightValues,
} from '@anke/nn';
import { describe, expect, test } from 'vitest';
import { ExchangeError, fromOnnx, toOnnx } from '../index.js';
import { around, branches, randomWeights } from '../testing/models.js';
import { DESCRIPTION, decodeOnnx, encodeOnnx, type OnnxModel, type OnnxTensor } from './format.js';

const chain = (): Graph => notebookCnn([28, 28, 1], { classes: 4, widths: { filters: [3, 5, 4], units: [8, 6, 5] } });

test.each([
  ['a chain', chain],
  ['a graph with branches and every type of layer', branches],
  [
    'a convolution in groups, with a dilation, an initializer and a penalty',
    () =>
      around(
        (x) => {
          const options = {
            kernelInitializer: { type: 'randomNormal', stddev: 0.1 },
            biasRegularizer: l1(0.1),
          } as const;
          return new Conv2D({ filters: 6, kernelSize: [2, 1], groups: 2, dilationRate: 2, ...options }).apply(x);
        },
        [5, 4, 4],
      ),
  ],
])('%s comes back', async (_, make) => {
  const graph = make();
  const weights = randomWeights(graph);
  const again = await fromOnnx(await toOnnx(graph, weights));
  expect(describeGraph(again.graph)).toEqual(describeGraph(graph));
  expect(again.weights).toEqual(weights);
});

test('names that the file has already are given to none of the layers’ values', async () => {
  const x = input([2, 2, 1], 'rows');
  const row = new Flatten({ name: 'images' }).apply(x);
  const scores = new Dense({ units: 2, activation: 'relu', name: 'dense' }).apply(row);
  const output = new ReLU({ name: 'dense/kernel' }).apply(
    new BatchNormalization({ name: 'probabilities' }).apply(scores),
  );
  const graph = new Graph(x, output);
  const { graph: written } = await decodeOnnx(await toOnnx(graph, randomWeights(graph)));
  const names = [
    ...(written?.node ?? []).flatMap((node) => node.output),
    ...(written?.initializer ?? []).map(({ name }) => name),
    'images',
  ];
  expect(new Set(names).size).toBe(names.length);
});

test('images are transposed once for all branches that need it', async () => {
  const graph = branches();
  const { graph: written } = await decodeOnnx(await toOnnx(graph, randomWeights(graph)));
  const transposed = (written?.node ?? []).filter(({ opType }) => opType === 'Transpose');
  // To channels first before the first layer that needs it; back before the images are flattened.
  expect(transposed.map(({ name }) => name)).toEqual(['rescaling_1/channels_first', 'concatenate_1/channels_last']);
});

describe('what cannot be written', () => {
  const weights = randomWeights(chain());
  const without = new Map([...weights].filter(([name]) => name !== 'conv2/bias'));
  const other = new Map<string, WeightValues>([
    ...weights,
    ['conv2/bias', { shape: [6], values: new Float32Array(6) }],
  ]);
  test.each([
    [without, 'the weight "conv2/bias" is missing: give all that the model has'],
    [other, 'the weight "conv2/bias" has shape (6,), but the model\'s is (5,)'],
  ])('%#', async (given, message) => {
    await expect(toOnnx(chain(), given)).rejects.toThrow(new ExchangeError(message));
  });
});

describe('what cannot be read', () => {
  const message = async (bytes: Uint8Array): Promise<string> => {
    const error = await fromOnnx(bytes).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ExchangeError);
    return (error as ExchangeError).message;
  };

  test('no ONNX', async () => {
    const no = 'this is no ONNX file, or not a whole one';
    const whole = await toOnnx(chain(), randomWeights(chain()));
    expect(await message(new TextEncoder().encode('no model at all'))).toBe(no);
    expect(await message(whole.subarray(0, whole.length / 2))).toBe(no);
    expect(await message(new Uint8Array())).toContain('was not written by "anke export"');
  });

  const changed = async (change: (model: OnnxModel) => Partial<OnnxModel>): Promise<Uint8Array> => {
    const model = (await decodeOnnx(await toOnnx(chain(), randomWeights(chain())))) as OnnxModel;
    return encodeOnnx({ ...model, ...change(model) });
  };

  test.each<[string, string]>([
    ['{', 'this ONNX file describes a model that cannot be read: '],
    ['null', 'this JSON does not describe an Anke model; export it again'],
    [JSON.stringify({ ...describeGraph(chain()), version: 1 }), 'this model has format version 1'],
    [JSON.stringify({ ...describeGraph(chain()), layers: [null] }), 'describes a model that cannot be read'],
    [
      JSON.stringify({ ...describeGraph(chain()), layers: [{ type: 'Conv9D' }] }),
      'there is no layer of the type "Conv9D"',
    ],
  ])('the description %.20s', async (value, said) => {
    expect(await message(await changed(() => ({ metadataProps: [{ key: DESCRIPTION, value }] })))).toContain(said);
  });

  const withKernel = (change: (tensor: OnnxTensor) => readonly OnnxTensor[]): Promise<Uint8Array> =>
    changed(({ graph }) => ({
      graph: {
        ...graph,
        initializer: graph.initializer.flatMap((one) => (one.name === 'conv2/kernel' ? change(one) : [one])),
      },
    }));

  test.each<[string, (tensor: OnnxTensor) => readonly OnnxTensor[], string]>([
    ['missing', () => [], 'is missing'],
    ['of another type', (one) => [{ ...one, dataType: 7 }], 'is not of type float32'],
    ['of another shape', (one) => [{ ...one, dims: [5, 3, 25] }], 'has shape (5, 3, 25) instead of (5, 3, 5, 5)'],
    ['too short', (one) => [{ ...one, rawData: one.rawData.subarray(4) }], 'has 1496 bytes instead of 1500'],
  ])('a weight that is %s', async (_, change, said) => {
    expect(await message(await withKernel(change))).toBe(
      `this ONNX file is damaged: its weight "conv2/kernel" ${said}; export it again`,
    );
  });
});
