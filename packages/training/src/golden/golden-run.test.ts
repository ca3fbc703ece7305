/** A golden file that cannot be replayed as it is meant is refused with what is wrong, not replayed otherwise. */
import { encodeSafetensors, type TensorEntry } from '@anke/nn';
import { expect, test } from 'vitest';
import { GoldenError } from '../errors.js';
import { readGolden } from './golden-run.js';

const floats = (...shape: number[]): TensorEntry => ({
  type: 'F32',
  shape,
  values: new Float32Array(shape.reduce((a, b) => a * b, 1)),
});

/** A file of one step of one image, with the tensors that name the sizes. */
function file(layers: unknown, more: Readonly<Record<string, TensorEntry>> = {}): Uint8Array {
  const tensors = new Map<string, TensorEntry>([
    ['images', { type: 'U8', shape: [1, 2, 2, 1], values: new Uint8Array(4) }],
    ['labels', { type: 'I32', shape: [1], values: new Int32Array(1) }],
    ['step1/logits', floats(1, 2)],
    ['adam/losses', floats(1)],
    ...Object.entries(more),
  ]);
  return encodeSafetensors(tensors, { layers: JSON.stringify(layers) });
}

const DENSE = [{ type: 'Flatten' }, { type: 'Dense', name: 'dense', units: 2 }];

test.each([
  ['an option that there is not', file([{ type: 'Flatten', axis: 1 }]), 'layers[0]: "axis" is not known here'],
  ['a type that there is not', file([{ type: 'LSTM' }]), '"LSTM" is not known here'],
  ['layers that are no list', file({}), `the metadata's "layers" is not the JSON that a golden run has there`],
  ['an input that there is not', file([{ type: 'Flatten', inputs: ['a'] }]), 'has the input "a"'],
  ['a missing tensor', file(DENSE), 'the tensor "init/dense.kernel" is missing'],
  [
    'a tensor of another shape',
    file(DENSE, { 'init/dense.kernel': floats(3, 2) }),
    'the tensor "init/dense.kernel" has shape (3, 2), but the network\'s is (4, 2)',
  ],
])('%s', async (_, bytes, message) => {
  const error = await readGolden('run.safetensors', bytes).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(GoldenError);
  expect((error as Error).message).toContain(message);
  expect((error as Error).message).toMatch(/^run\.safetensors: /);
});
