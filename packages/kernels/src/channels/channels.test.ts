/** If these failed, channels would be joined, sliced or repeated in the wrong order, or get wrong gradients. */
import { expect, test } from 'vitest';
import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { concatChannels, concatReference, sliceChannels } from './concat.js';
import { repeatChannel, repeatChannelBackward } from './repeat.js';
import { reverseChannels } from './reverse.js';

const gpu = useGpu();
checkKernel(gpu, concatChannels, { f16: ['a', 'b', 'y'] });
checkKernel(gpu, sliceChannels, { f16: ['x', 'y'] });
checkKernel(gpu, repeatChannel, { f16: ['x', 'y'] });
checkKernel(gpu, repeatChannelBackward);
checkKernel(gpu, reverseChannels, { f16: ['x', 'y'] });

test('channels are reversed, scaled, and each has a number of its own added', () => {
  const p = { rows: 2, factor: 2, offsets: [10, 20, 30] };
  const { y } = reverseChannels.reference(p, { x: Float64Array.of(1, 2, 3, 4, 5, 6), y: new Float64Array(6) });
  expect(Array.from(y ?? [])).toEqual([16, 24, 32, 22, 30, 38]);
});

test('a row holds the channels of the first array, then those of the second', () => {
  const p = { rows: 2, aChannels: 1, bChannels: 2 };
  expect(Array.from(concatReference(p, Float64Array.of(1, 2), Float64Array.of(3, 4, 5, 6)))).toEqual([
    1, 3, 4, 2, 5, 6,
  ]);
});
