/** Weights from other programs' files, and the layers that they belong to. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  Add,
  BatchNormalization,
  Conv2D,
  Dense,
  DepthwiseConv2D,
  encodeSafetensors,
  encodeWeights,
  Flatten,
  Graph,
  input,
  MaxPooling2D,
  mobileNetV2,
  sequential,
  sizeOf,
} from '@anke/nn';
import { describe, expect, test } from 'vitest';
import { assignWeights, ExchangeError, readKerasWeights, readSafetensorsWeights } from '../index.js';
import { branches, predictions, randomWeights, useGpu } from '../testing/models.js';
import { withHdf5 } from './hdf5.js';
import { kerasOrder } from './keras-order.js';

const gpu = useGpu();

/** A safetensors file of zeros. */
const fileOf = (shapes: Readonly<Record<string, readonly number[]>>): Uint8Array =>
  encodeSafetensors(
    new Map(
      Object.entries(shapes).map(([name, shape]) => [
        name,
        { type: 'F32', shape, values: new Float32Array(sizeOf(shape)) },
      ]),
    ),
  );

describe('safetensors', () => {
  test('a graph’s own file is taken by the names of its layers', () => {
    const graph = branches();
    const weights = randomWeights(graph);
    expect(assignWeights(graph, readSafetensorsWeights('a', encodeWeights(weights)))).toEqual(weights);
  });

  test('kinds of layers are told by names and shapes', () => {
    const found = readSafetensorsWeights(
      'a',
      fileOf({
        'features.0.weight': [3, 3, 1, 2],
        'features.0.bias': [2],
        'features.1.weight': [2],
        'features.1.bias': [2],
        'features.1.running_mean': [2],
        'features.1.running_var': [2],
        'depthwise_conv2d_3/kernel': [3, 3, 2, 1],
        'mixed/depthwise_kernel': [3, 3, 2, 1],
        'both/depthwise_kernel': [3, 3, 2, 1],
        'both/pointwise_kernel': [1, 1, 2, 5],
        'rows/gamma': [4],
        'rows/beta': [4],
        'head/kernel': [2, 5],
      }),
    );
    expect(found.layers.map(({ name, types, weights }) => [name, types[0], [...weights.keys()]])).toEqual([
      ['both', 'SeparableConv2D', ['depthwise_kernel', 'pointwise_kernel']],
      ['depthwise_conv2d_3', 'DepthwiseConv2D', ['kernel']],
      ['features.0', 'Conv2D', ['kernel', 'bias']],
      ['features.1', 'BatchNormalization', ['gamma', 'beta', 'moving_mean', 'moving_variance']],
      ['head', 'Dense', ['kernel']],
      ['mixed', 'DepthwiseConv2D', ['kernel']],
      ['rows', 'LayerNormalization', ['gamma', 'beta']],
    ]);
  });

  test('layers of other names are taken in their order, kind by kind', () => {
    const graph = sequential(
      [
        new Conv2D({ filters: 2, kernelSize: 3, useBias: false }),
        new DepthwiseConv2D({ kernelSize: 3 }),
        new Conv2D({ filters: 4, kernelSize: 1 }),
      ],
      { inputShape: [8, 8, 1] },
    );
    const bytes = fileOf({
      'conv2d_10/kernel': [1, 1, 2, 4],
      'conv2d_10/bias': [4],
      'conv2d_9/kernel': [3, 3, 1, 2],
      'depthwise_conv2d_9/kernel': [3, 3, 2, 1],
      'depthwise_conv2d_9/bias': [2],
    });
    const names = [...assignWeights(graph, readSafetensorsWeights('a', bytes)).keys()];
    expect(names).toEqual([
      'conv2d/kernel',
      'conv2d_1/kernel',
      'conv2d_1/bias',
      'depthwise_conv2d/kernel',
      'depthwise_conv2d/bias',
    ]);
  });

  test.each<[Readonly<Record<string, readonly number[]>>, string]>([
    [{ kernel: [1] }, 'a: "kernel" names no layer; conv1/kernel would'],
    [{ 'norm/weight': [3], 'norm/bias': [3] }, 'a: norm (weight, bias) is of a kind that is not known here'],
    [{ 'conv/kernel': [3, 3, 1, 2] }, "a: it has no weights of the model's dense"],
    [{ 'x/kernel': [3, 3, 1, 2] }, 'a: the model has 1 layers of kind Dense, the file 0'],
    [{ 'conv/kernel': [3, 3, 1, 2], 'dense/kernel': [18, 4] }, "a: dense has no bias, which the model's dense needs"],
    [
      { 'conv/kernel': [3, 3, 1, 2], 'conv/bias': [2], 'dense/kernel': [18, 4], 'dense/bias': [4] },
      "a: conv has a weight bias, but the model's conv has none",
    ],
    [
      { 'conv/kernel': [2, 1, 3, 3], 'dense/kernel': [18, 4], 'dense/bias': [4] },
      "a: the kernel of conv has shape (2, 1, 3, 3), that of the model's conv is (3, 3, 1, 2); " +
        "this is PyTorch's order: transpose it to (kh, kw, in, out) first",
    ],
    [
      { 'conv/kernel': [3, 3, 1, 2], 'dense/kernel': [4, 18], 'dense/bias': [4] },
      "a: the kernel of dense has shape (4, 18), that of the model's dense is (18, 4); " +
        "this is PyTorch's order: transpose it to (in, out) first",
    ],
    [
      { 'conv/gamma': [2], 'dense/kernel': [18, 4], 'dense/bias': [4] },
      "a: conv has the weights of a LayerNormalization, but the model's is a Conv2D",
    ],
  ])('what does not fit is named: %o', (shapes, message) => {
    const graph = sequential(
      [
        new Conv2D({ filters: 2, kernelSize: 3, useBias: false, name: 'conv' }),
        new Flatten({}),
        new Dense({ units: 4 }),
      ],
      { inputShape: [5, 5, 1] },
    );
    expect(() => assignWeights(graph, readSafetensorsWeights('a', fileOf(shapes)))).toThrow(new ExchangeError(message));
  });

  test('numbered weights are those that the model’s layer has, in Keras’s order', () => {
    const norm = { name: 'norm', center: false };
    const layers = [
      new Conv2D({ filters: 6, kernelSize: 2, groups: 2, useBias: false, name: 'conv' }),
      new BatchNormalization(norm),
    ];
    const graph = sequential([...layers, new BatchNormalization({ ...norm, name: 'both', scale: false })], {
      inputShape: [3, 3, 4],
    });
    const numbered = (shape: readonly number[], ...values: number[]) =>
      new Map(
        values.map((value, i) => [`${i}`, { shape, values: new Float32Array(sizeOf(shape)).fill(value) }] as const),
      );
    const weights = assignWeights(graph, {
      file: 'a',
      names: 'counted',
      layers: [
        { name: 'batch_normalization', types: ['BatchNormalization'], weights: numbered([6], 1, 2, 3) },
        { name: 'batch_normalization_1', types: ['BatchNormalization'], weights: numbered([6], 4, 5) },
        { name: 'conv2d', types: ['Conv2D'], weights: numbered([2, 2, 2, 6], 7) },
      ],
    });
    expect(Object.fromEntries([...weights].map(([name, { values }]) => [name, values[0]]))).toEqual({
      'conv/kernel': 7,
      'norm/gamma': 1,
      'norm/moving_mean': 2,
      'norm/moving_variance': 3,
      'both/moving_mean': 4,
      'both/moving_variance': 5,
    });
  });

  test('no safetensors', () => {
    expect(() => readSafetensorsWeights('a.safetensors', new Uint8Array(3))).toThrow(
      new ExchangeError('a.safetensors: not a safetensors file: it has only 3 bytes'),
    );
  });
});

describe('Keras’s HDF5', () => {
  const fixtures = join(import.meta.dirname, '../../../../test/fixtures');
  const file = join(fixtures, 'keras.weights.h5');
  const relu = { activation: 'relu' } as const;
  const model = (second = 4): Graph =>
    sequential(
      [
        new Conv2D({ name: 'first', filters: 3, kernelSize: 3, ...relu }),
        new BatchNormalization({}),
        new MaxPooling2D({ poolSize: 2 }),
        new Conv2D({ name: 'a_second', filters: second, kernelSize: 3, ...relu }),
        new BatchNormalization({}),
        new Flatten({}),
        new Dense({ units: 6, ...relu }),
        new Dense({ units: 5 }),
        new Dense({ units: 10, activation: 'softmax' }),
      ],
      { inputShape: [12, 12, 1] },
    );

  test('its weights predict what they predict in Keras 3.15.1', async () => {
    const graph = model();
    const weights = assignWeights(graph, await readKerasWeights('a', readFileSync(file)));
    const pixels = Uint8Array.from({ length: 144 }, (_, i) => (i * 37) % 256);
    const samples = { pixels, labels: new Uint8Array(1), shape: [12, 12, 1], rescale: 1 / 255 };
    const got = await predictions(gpu(), graph, weights, samples);
    expect(Math.abs((got[9] as number) - 0.6264148354530334)).toBeLessThan(1e-6);
    expect(Math.abs((got[6] as number) - 0.2252423018217087)).toBeLessThan(1e-6);
  });

  test('in the layout of Keras 2, as Keras 3 writes it, they are the same', async () => {
    const wanted = assignWeights(model(), await readKerasWeights('a', readFileSync(file)));
    const older = await readKerasWeights('a', readFileSync(join(fixtures, 'keras-2.h5')));
    expect(older.names).toBe('listed');
    expect(assignWeights(model(), older)).toEqual(wanted);
  });

  test('MobileNetV2 predicts what it predicts in Keras', async () => {
    const fixture = join(fixtures, 'mobilenetv2');
    const graph = mobileNetV2({ inputShape: [32, 32, 3], alpha: 0.1, classes: 10 });
    const found = await readKerasWeights('a', readFileSync(`${fixture}.weights.h5`));
    const weights = assignWeights(graph, found);
    const byte = (i: number): number => (i * 37 + Math.floor(i / 7) * (i % 13) * 5) % 256;
    const pixels = Uint8Array.from({ length: 4 * 32 * 32 * 3 }, (_, i) => byte(i));
    const samples = { pixels, labels: new Uint8Array(4), shape: [32, 32, 3], rescale: 1 / 127.5, offset: -1 };
    const got = await predictions(gpu(), graph, weights, samples);
    const { predicted } = JSON.parse(readFileSync(`${fixture}.json`, 'utf8')) as { predicted: number[][] };
    const worst = Math.max(...predicted.flat().map((wanted, i) => Math.abs((got[i] as number) - wanted)));
    expect(worst).toBeLessThan(1e-5);
  });

  test('what does not fit is named', async () => {
    const found = await readKerasWeights('a', readFileSync(file));
    expect(() => assignWeights(model(5), found)).toThrow(
      "a: the kernel of conv2d_1 has shape (3, 3, 3, 4), that of the model's a_second is (3, 3, 3, 5)",
    );
    await expect(readKerasWeights('a', new Uint8Array(9))).rejects.toThrow(
      new ExchangeError('a: this is no HDF5 file, or it is damaged'),
    );
  });

  test('what a damaged file does to the library’s memory, the next file does not meet', async () => {
    const good = readFileSync(file);
    const expected = await readKerasWeights('a', good);
    const { default: library } = await import('h5wasm');
    const { HEAPU8 } = (await library.ready) as unknown as { readonly HEAPU8: Uint8Array };
    for (const error of [new Error('in the midst'), new WebAssembly.RuntimeError('memory access out of bounds')]) {
      const reading = withHdf5(good, () => {
        HEAPU8.fill(0xaa, 2 ** 16);
        throw error;
      });
      await expect(reading).rejects.toThrow(error.message);
      expect(await readKerasWeights('a', good)).toEqual(expected);
    }
  });

  test('branches are in Keras’s order: the farthest from the output first', () => {
    const x = input([8, 8, 2]);
    const conv = (name: string) => new Conv2D({ name, filters: 2, kernelSize: 3, padding: 'same' });
    const stem = conv('stem').apply(x);
    // The short branch is met first on the way through the graph, but its only layer is nearer to the output.
    const sum = new Add({ name: 'sum' }).apply(
      conv('short').apply(stem),
      conv('long2').apply(conv('long1').apply(stem)),
    );
    const graph = new Graph(x, new Add({ name: 'end' }).apply(sum, conv('side').apply(x)));
    expect(graph.layers.map(({ name }) => name)).toEqual(['stem', 'short', 'long1', 'long2', 'sum', 'side', 'end']);
    expect(kerasOrder(graph).map(({ name }) => name)).toEqual([
      'stem',
      'long1',
      'short',
      'long2',
      'sum',
      'side',
      'end',
    ]);
  });
});
