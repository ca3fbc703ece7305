/** Files of models: safetensors, checkpoints, descriptions, ONNX, HDF5. */
import { readFileSync } from 'node:fs';
import { assignWeights, fromOnnx, readKerasWeights, readSafetensorsWeights, toOnnx } from '@anke/exchange';
import {
  BatchNormalization,
  Conv2D,
  Dense,
  decodeCheckpoint,
  decodeWeights,
  describeGraph,
  encodeCheckpoint,
  encodeWeights,
  Flatten,
  FormatError,
  type Graph,
  graphFromDescription,
  MaxPooling2D,
  sequential,
  sizeOf,
  type WeightValues,
} from '@anke/nn';
import { Difference, type Reader } from '../reader.ts';

const graph = (): Graph =>
  sequential(
    [
      new Conv2D({ name: 'conv', filters: 2, kernelSize: 3, activation: 'relu', inputShape: [6, 6, 1] }),
      new BatchNormalization({ name: 'norm' }),
      new MaxPooling2D({}),
      new Flatten({}),
      new Dense({ name: 'out', units: 2, activation: 'softmax' }),
    ],
    { seed: 3 },
  );

function weightsOf({ layers }: Graph): Map<string, WeightValues> {
  const entries = layers.flatMap(({ name, weights }) =>
    weights.map((weight): [string, WeightValues] => {
      const values = Float32Array.from({ length: sizeOf(weight.shape) }, (_, i) => i / 8 + 0.5);
      return [`${name}/${weight.name}`, { shape: weight.shape, values }];
    }),
  );
  return new Map(entries);
}

function checkWeights(weights: ReadonlyMap<string, WeightValues>): void {
  for (const [name, { shape, values }] of weights)
    if (values.length !== sizeOf(shape)) throw new Difference(`${name} has ${values.length} values`);
}

const WORDS = [
  '"dtype":"F32"',
  '"F16"',
  '"shape":[',
  '"data_offsets":[0,8]',
  '__metadata__',
  '{',
  '}',
  '[]',
  '9e9',
  '"\\u0000"',
];

export const safetensorsReader: Reader = {
  seeds: () => [encodeWeights(weightsOf(graph()))],
  words: WORDS,
  read(bytes) {
    const weights = decodeWeights(bytes);
    checkWeights(weights);
    // The same file as weights from elsewhere.
    checkWeights(assignWeights(graph(), readSafetensorsWeights('file', bytes)));
  },
};

export const checkpointReader: Reader = {
  seeds: () => [
    encodeCheckpoint({
      model: {
        steps: 5,
        epochs: 1,
        position: 2,
        learningRate: 0.1,
        optimizer: 'Adam',
        tensors: new Map([['a', Float32Array.of(1, 2)]]),
      },
      callbacks: [{ values: { best: 1 }, tensors: { 'b/c': Float32Array.of(3) } }, { values: null }],
      run: { epoch: 1 },
    }),
  ],
  words: [...WORDS, '\\"steps\\":', '\\"callbacks\\":[', 'null', 'anke-checkpoint'],
  read(bytes) {
    const { model, callbacks } = decodeCheckpoint(bytes);
    if (!Number.isSafeInteger(model.steps) || !Array.isArray(callbacks)) throw new Difference('no state of a training');
  },
};

const jsonOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

export const modelReader: Reader = {
  seeds: () => [
    jsonOf(describeGraph(graph())),
    jsonOf({
      format: 'anke-model',
      version: 2,
      seed: 1,
      input: { name: 'input', shape: [4, 4, 1] },
      layers: [
        { type: 'Conv2D', name: 'conv', filters: 1, kernelSize: [3, 3], padding: 'same' },
        { layer: 'conv', name: 'conv:2' },
        { type: 'Add', name: 'sum', inputs: ['conv', 'conv:2', 'input'] },
        { type: 'GlobalAveragePooling2D' },
        { type: 'Dense', units: 3 },
      ],
    }),
  ],
  json: true,
  read(bytes) {
    let value: unknown;
    try {
      value = JSON.parse(new TextDecoder().decode(bytes));
    } catch {
      throw new FormatError('this is no JSON');
    }
    const made = graphFromDescription(value);
    describeGraph(made);
  },
};

export const onnxReader: Reader = {
  seeds: async () => [await toOnnx(graph(), weightsOf(graph()))],
  words: [
    'anke-model',
    '"activation":"relu"',
    '"filters":2',
    'Relu',
    'Softmax',
    '\x0a',
    '\x10\x01',
    '\xff\xff\xff\xff\x0f',
  ],
  async read(bytes) {
    checkWeights((await fromOnnx(bytes)).weights);
  },
};

export const hdf5Reader: Reader = {
  seeds: () =>
    ['keras.weights.h5', 'keras-2.h5'].map((file) => readFileSync(new URL(`../../fixtures/${file}`, import.meta.url))),
  words: [
    'TREE',
    'SNOD',
    'HEAP',
    'OHDR',
    '\x89HDF',
    '\xff\xff\xff\xff\xff\xff\xff\xff',
    'layers',
    'vars',
    'layer_names',
  ],
  async read(bytes) {
    for (const { weights } of (await readKerasWeights('file', bytes)).layers) checkWeights(weights);
  },
};
