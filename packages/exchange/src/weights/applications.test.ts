/**
 * Weights of `keras.applications`, in the layouts in which Keras 3 and Keras 2 write them, of any width, by the HDF5
 * library. Files that Keras has written itself are in test/fixtures, and read by weights.test.ts.
 */
import {
  Dense,
  GlobalAveragePooling2D,
  type Graph,
  Graph as GraphOf,
  mobileNetV2,
  Normalization,
  sequential,
  type WeightValues,
} from '@anke/nn';
import h5wasm, { type File } from 'h5wasm';
import { expect, test } from 'vitest';
import { randomWeights } from '../testing/models.js';
import { assignPartly, assignWeights } from './assign.js';
import { readKerasWeights } from './keras-h5.js';
import { kerasOrder } from './keras-order.js';
import { LAYER_WEIGHTS } from './names.js';

type Weights = ReadonlyMap<string, WeightValues>;

const small = (options = {}): Graph => mobileNetV2({ alpha: 0.35, inputShape: [32, 32, 3], classes: 3, ...options });

/** Element by element, without the time that a comparison of large objects takes. */
function expectSame(got: Weights, wanted: Weights): void {
  expect([...got.keys()].sort()).toEqual([...wanted.keys()].sort());
  const bytes = ({ values }: WeightValues): Buffer => Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  const others = [...wanted].filter(([name, values]) => !bytes(got.get(name) as WeightValues).equals(bytes(values)));
  expect(others.map(([name]) => name)).toEqual([]);
}

async function hdf5(fill: (file: File) => void): Promise<Uint8Array> {
  const { FS } = await h5wasm.ready;
  const file = new h5wasm.File('written.h5', 'w');
  fill(file);
  file.close();
  const bytes = FS.readFile('written.h5').slice();
  FS.unlink('written.h5');
  return bytes;
}

/** A layer's weights in Keras's order. */
const ordered = ({ name, layer, weights: specs }: Graph['layers'][number], weights: Weights) =>
  (LAYER_WEIGHTS[layer.type]?.names ?? []).flatMap((weight) => {
    const given = weights.get(`${name}/${weight}`);
    return specs.length > 0 && given ? [{ weight, ...given }] : [];
  });

/** `layers/<class>_<n>/vars/<i>`, counted for each class in the order of Keras's `model.layers`. */
const keras3 = (graph: Graph, weights: Weights): Promise<Uint8Array> =>
  hdf5((file) => {
    const counts = new Map<string, number>();
    file.create_group('layers');
    for (const layer of kerasOrder(graph)) {
      const { type } = layer.layer;
      const base = type.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase();
      const count = counts.get(base) ?? 0;
      counts.set(base, count + 1);
      const vars = `layers/${base}${count === 0 ? '' : `_${count}`}/vars`;
      for (const path of [vars.replace('/vars', ''), vars]) file.create_group(path);
      ordered(layer, weights).forEach(({ shape, values: data }, i) => {
        file.create_dataset({ name: `${vars}/${i}`, data, shape: [...shape] });
      });
    }
  });

/** Attributes `layer_names` and `weight_names`, and arrays `<layer>/<layer>/<weight>:0`. */
const keras2 = (graph: Graph, weights: Weights, called = (name: string) => name, root = ''): Promise<Uint8Array> =>
  hdf5((file) => {
    if (root !== '') file.create_group(root);
    const top = root === '' ? file : (file.get(root) as File);
    const layers = kerasOrder(graph);
    top.create_attribute(
      'layer_names',
      layers.map(({ name }) => called(name)),
    );
    for (const layer of layers) {
      const name = called(layer.name);
      const own = ordered(layer, weights);
      const group = top.create_group(name);
      const short = (weight: string) =>
        `${name}/${layer.layer.type === 'DepthwiseConv2D' ? `depthwise_${weight}` : weight}:0`;
      if (own.length === 0) continue;
      group.create_attribute(
        'weight_names',
        own.map(({ weight }) => short(weight)),
      );
      group.create_group(name);
      for (const { weight, shape, values: data } of own)
        group.create_dataset({ name: short(weight), data, shape: [...shape] });
    }
  });

test('MobileNetV2’s of Keras 3, by class and number', async () => {
  const graph = small();
  const weights = randomWeights(graph);
  const found = await readKerasWeights('a', await keras3(graph, weights));
  expectSame(assignWeights(graph, found), weights);
});

test.each([
  ['by the layers’ names', (name: string) => name, ''],
  ['in the file of a whole model', (name: string) => name, 'model_weights'],
  ['in the order of the layers, where a name is another', (name: string) => name.replace('predictions', 'Logits'), ''],
])('MobileNetV2’s of Keras 2, %s', async (_, called, root) => {
  const graph = small();
  const weights = randomWeights(graph);
  const found = await readKerasWeights('a', await keras2(graph, weights, called, root));
  expectSame(assignWeights(graph, found), weights);
});

test.each<[string, string, readonly [mean: string, variance: string, count: string]]>([
  ['Keras 3', 'layers/normalization/vars', ['0', '1', '2']],
  ['Keras 2', 'normalization', ['mean:0', 'variance:0', 'count:0']],
])('a normalization of %s has a count besides, which is passed over', async (_, place, [mean, variance, count]) => {
  const bytes = await hdf5((file) => {
    place.split('/').forEach((__, i, parts) => {
      file.create_group(parts.slice(0, i + 1).join('/'));
    });
    file.create_dataset({ name: `${place}/${mean}`, data: Float32Array.of(1, 2), shape: [2] });
    file.create_dataset({ name: `${place}/${variance}`, data: Float32Array.of(3, 4), shape: [2] });
    file.create_dataset({ name: `${place}/${count}`, data: Int32Array.of(9), shape: [1] });
    if (mean === '0') return;
    file.create_attribute('layer_names', [place]);
    (file.get(place) as File).create_attribute('weight_names', [mean, variance, count]);
  });
  const graph = sequential([new Normalization()], { inputShape: [2] });
  const weights = assignWeights(graph, await readKerasWeights('a', bytes));
  expect([...weights].map(([name, { values }]) => [name, ...values])).toEqual([
    ['normalization/mean', 1, 2],
    ['normalization/variance', 3, 4],
  ]);
});

test('a model within a model of Keras 2 is named', async () => {
  const bytes = await hdf5((file) => {
    file.create_attribute('layer_names', ['base']);
    const group = file.create_group('base');
    group.create_attribute('weight_names', ['a/kernel:0', 'b/kernel:0']);
    for (const layer of ['a', 'b']) {
      group.create_group(layer);
      group.create_dataset({ name: `${layer}/kernel:0`, data: new Float32Array(6), shape: [2, 3] });
    }
  });
  await expect(readKerasWeights('a', bytes)).rejects.toThrow('a: base is a model within the model, which is not read');
});

test.each([
  ['Keras 3', keras3],
  ['Keras 2', keras2],
])('of %s, without a top, below a new head', async (_, write) => {
  const base = small({ includeTop: false });
  const weights = randomWeights(base);
  const head = new Dense({ name: 'head', units: 5 }).apply(new GlobalAveragePooling2D().apply(base.output));
  const graph = new GraphOf(base.input, head);
  const found = await readKerasWeights('a', await write(base, weights));
  expect(() => assignWeights(graph, found)).toThrow(
    /a: (it has no weights of the model's head|the model has 1 layers)/,
  );
  const { weights: taken, missing, unused } = assignPartly(graph, found);
  expectSame(taken, weights);
  expect([missing, unused]).toEqual([['head'], []]);
});

test('a file with a top of its own leaves a head of another name alone', async () => {
  const whole = small();
  const weights = randomWeights(whole);
  const found = await readKerasWeights(
    'a',
    await keras2(whole, weights, (name) => name.replace('predictions', 'Logits')),
  );
  const { weights: taken, missing, unused } = assignPartly(small({ classes: 7 }), found);
  expect([missing, unused]).toEqual([['predictions'], ['Logits']]);
  expect(taken.size).toBe(weights.size - 2);
});

test('what nothing tells is not guessed', async () => {
  const other = mobileNetV2({ alpha: 0.5, inputShape: [32, 32, 3], includeTop: false });
  const found = await readKerasWeights('a', await keras3(other, randomWeights(other)));
  expect(() => assignPartly(small(), found)).toThrow('a: the kernel of conv2d_3 has shape');
  const short = { ...found, layers: found.layers.filter(({ name }) => name !== 'conv2d_4') };
  expect(() => assignPartly(small(), short)).toThrow('a: the model has 35 layers of kind Conv2D, the file 34');
  const foreign = { ...found, names: 'own' as const, layers: [] };
  expect(() => assignPartly(small(), foreign)).toThrow("a: none of its layers is one of the model's");
});
