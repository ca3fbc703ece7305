/** If these failed, channels would be joined, sliced or repeated in the wrong order, or get wrong gradients. */
import { expect, test } from 'vitest';
import { absoluteTerms } from '../testing/bounds.js';
import { checkKernel, runKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { checkGradient, differences, distinct } from '../testing/differences.js';
import { concatChannels, concatReference, sliceChannels } from './concat.js';
import { repeatChannel, repeatChannelBackward, repeatReference } from './repeat.js';

const gpu = useGpu();
checkKernel(gpu, concatChannels, { f16: ['a', 'b', 'y'] });
checkKernel(gpu, sliceChannels, { f16: ['x', 'y'] });
checkKernel(gpu, repeatChannel, { f16: ['x', 'y'] });
checkKernel(gpu, repeatChannelBackward, { magnitudes: absoluteTerms(repeatChannelBackward) });

test('a row holds the channels of the first array, then those of the second', () => {
  const p = { rows: 2, aChannels: 1, bChannels: 2 };
  expect(Array.from(concatReference(p, Float64Array.of(1, 2), Float64Array.of(3, 4, 5, 6)))).toEqual([
    1, 3, 4, 2, 5, 6,
  ]);
});

test('the gradient of a part is its slice of dY', async () => {
  const p = { rows: 5, aChannels: 3, bChannels: 2 };
  const [a, b, dY] = [distinct(15, 1), distinct(10, 2), distinct(25, 3)];
  const slice = async (offset: number, count: number): Promise<Float64Array | undefined> => {
    const { y } = await runKernel(gpu(), sliceChannels, { rows: 5, channels: 5, offset, count }, { x: dY });
    return y;
  };
  const wantA = differences(a, dY, (moved) => concatReference(p, moved, b));
  checkGradient('dA', await slice(0, 3), wantA, 0);
  const wantB = differences(b, dY, (moved) => concatReference(p, a, moved));
  checkGradient('dB', await slice(3, 2), wantB, 0);
});

test('gradient of repeated channels', async () => {
  const p = { length: 11, times: 3 };
  const [x, dY] = [distinct(11, 1), distinct(33, 2)];
  const { dX } = await runKernel(gpu(), repeatChannelBackward, p, { dY });
  const expected = differences(x, dY, (moved) => repeatReference(p, moved));
  checkGradient('dX', dX, expected, repeatChannelBackward.terms(p));
});
