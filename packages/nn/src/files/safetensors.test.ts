import { expect, test } from 'vitest';
import {
  Adam,
  Dense,
  decodeWeights,
  describeModel,
  encodeWeights,
  modelFromDescription,
  Sequential,
} from '../index.js';
import { useGpu } from '../testing/device.js';
import { decodeSafetensors, encodeSafetensors, type TensorEntry } from './safetensors.js';

const gpu = useGpu();

const tensors = new Map<string, TensorEntry>([
  ['bytes', { type: 'U8', shape: [3], values: Uint8Array.of(1, 2, 255) }],
  ['floats', { type: 'F32', shape: [2, 2], values: Float32Array.of(1, -2.5, Number.NaN, 3e38) }],
  ['empty', { type: 'I32', shape: [0], values: new Int32Array() }],
  ['words', { type: 'U32', shape: [1], values: Uint32Array.of(0xffffffff) }],
]);

test('what is written is read again, whatever the alignment', () => {
  const bytes = encodeSafetensors(tensors, { note: 'ಅಂಕೆ' });
  expect(decodeSafetensors(bytes)).toEqual(tensors);
  const shifted = new Uint8Array(bytes.length + 1);
  shifted.set(bytes, 1);
  expect(decodeSafetensors(shifted.subarray(1))).toEqual(tensors);
  // Node's Buffer has a slice of its own, which does not copy.
  expect(decodeSafetensors(Buffer.from(bytes))).toEqual(tensors);
});

test('the layout is the format’s: length, JSON header, values', () => {
  const bytes = encodeSafetensors(new Map([['w', { type: 'F32', shape: [1], values: Float32Array.of(1) }]]));
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  expect(header).toEqual({ w: { dtype: 'F32', shape: [1], data_offsets: [0, 4] } });
  expect(Array.from(bytes.subarray(8 + length))).toEqual([0, 0, 0x80, 0x3f]);
  expect((8 + length) % 8).toBe(0);
});

const withHeader = (header: string, data = 0): Uint8Array => {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + data);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
};

test.each([
  [new Uint8Array(5), 'it has only 5 bytes'],
  [new Uint8Array(64).fill(0xff), 'its header would be'],
  [withHeader('{nonsense'), 'its header is no JSON'],
  [withHeader('[]'), 'its header is no JSON object'],
  [withHeader('{"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}', 4), 'tensor "w" has no proper shape'],
  [withHeader('{"w":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}', 4), 'tensor "w" has type F16'],
  [withHeader('{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}', 4), 'does not fill bytes 0 to 4'],
  [withHeader('{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', 4), 'does not fill bytes 0 to 8 of 4'],
])('broken bytes are refused: %#', (bytes, message) => {
  expect(() => decodeSafetensors(bytes)).toThrow(message);
});

test('a model comes back from its description and its weights', async () => {
  const model = new Sequential([new Dense({ units: 3, activation: 'softmax', inputShape: [4] })], { seed: 9 });
  model.compile({ gpu: gpu(), optimizer: new Adam() });
  const again = modelFromDescription(JSON.parse(JSON.stringify(describeModel(model))));
  again.compile({ gpu: gpu(), optimizer: new Adam() });
  again.setWeights(decodeWeights(await encodeWeights(model)));
  const data = { pixels: Uint8Array.of(1, 2, 3, 4), shape: [4] };
  expect(await again.predict(data)).toEqual(await model.predict(data));
  expect(() => again.setWeights(new Map())).toThrow('the weight "dense/kernel" is missing');
  model.destroy();
  again.destroy();
});

test.each([
  [{}, 'does not describe an Anke model'],
  [{ format: 'anke-model', version: 2, layers: [] }, 'format version 2'],
  [{ format: 'anke-model', version: 1, layers: [{ type: 'LSTM', config: {} }] }, 'unknown type "LSTM"'],
  [{ format: 'anke-model', version: 1, layers: [{ type: 'Dense' }] }, "a layer's description is not usable"],
  [{ format: 'anke-model', version: 1, layers: [{ type: 'Flatten', config: { inputShape: 7 } }] }, 'is not usable'],
  [{ format: 'anke-model', version: 1, layers: [null] }, 'is not usable'],
])('a description from elsewhere is refused: %#', (description, message) => {
  expect(() => modelFromDescription(description)).toThrow(message);
});
