/**
 * If these failed, weights would be stored so that others cannot read them, or a broken file would be read as weights.
 */
import { expect, test } from 'vitest';
import { Dense } from '../layers/dense.js';
import { modelFromDescription, Sequential } from '../model.js';
import { Adam } from '../optimizers/adam.js';
import { useGpu } from '../testing/device.js';
import { encodeSafetensors, readSafetensors, type TensorEntry } from './safetensors.js';
import { decodeWeights, encodeWeights } from './weights.js';

const gpu = useGpu();

const tensors = new Map<string, TensorEntry>([
  ['bytes', { type: 'U8', shape: [3], values: Uint8Array.of(1, 2, 255) }],
  ['floats', { type: 'F32', shape: [2, 2], values: Float32Array.of(1, -2.5, Number.NaN, 3e38) }],
  ['empty', { type: 'I32', shape: [0], values: new Int32Array() }],
  ['words', { type: 'U32', shape: [1], values: Uint32Array.of(0xffffffff) }],
]);

test('what is written is read again, whatever the alignment', () => {
  const bytes = encodeSafetensors(tensors, { note: 'ಅಂಕೆ' });
  expect(readSafetensors(bytes).tensors).toEqual(tensors);
  const shifted = new Uint8Array(bytes.length + 1);
  shifted.set(bytes, 1);
  expect(readSafetensors(shifted.subarray(1)).tensors).toEqual(tensors);
  // Node's Buffer has a slice of its own, which does not copy.
  expect(readSafetensors(Buffer.from(bytes)).tensors).toEqual(tensors);
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
  [withHeader('{"w":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}', 4), 'tensor "w" has type "F16"'],
  [withHeader('{"w":{"dtype":"constructor","shape":[1],"data_offsets":[0,4]}}', 4), 'has type "constructor"'],
  [withHeader('{"w":{"shape":[1],"data_offsets":[0,4]}}', 4), 'tensor "w" has no dtype'],
  [withHeader('{"\\u001b[2J":7}'), 'tensor "�[2J" has no proper shape'],
  [withHeader(`{"${'w'.repeat(1000)}":7}`), `tensor "${'w'.repeat(80)}…" has no proper shape`],
  [withHeader('{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}', 4), 'does not fill bytes 0 to 4'],
  [withHeader('{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', 4), 'does not fill bytes 0 to 8 of 4'],
])('broken bytes are refused: %#', (bytes, message) => {
  expect(() => readSafetensors(bytes)).toThrow(message);
});

test('a model comes back from its description and its weights', async () => {
  const model = new Sequential([new Dense({ units: 3, activation: 'softmax', inputShape: [4] })], { seed: 9 });
  model.compile({ gpu: gpu(), optimizer: new Adam() });
  const again = modelFromDescription(JSON.parse(JSON.stringify(model.description())));
  again.compile({ gpu: gpu(), optimizer: new Adam() });
  again.setWeights(decodeWeights(encodeWeights(await model.getWeights())));
  const data = { pixels: Uint8Array.of(1, 2, 3, 4), shape: [4] };
  expect(await again.predict(data)).toEqual(await model.predict(data));
  expect(() => again.setWeights(new Map())).toThrow('the weight "dense/kernel" is missing');
  model.destroy();
  again.destroy();
});
