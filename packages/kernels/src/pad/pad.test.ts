/** If these failed, zeros would be added on the wrong side of an image, or the gradient would be cut out wrongly. */
import { expect, test } from 'vitest';
import { checkKernel, runKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { checkGradient, differences, distinct } from '../testing/differences.js';
import { zeroPad, zeroPadBackward, zeroPadReference } from './pad.js';

const gpu = useGpu();
checkKernel(gpu, zeroPad, { f16: ['x', 'y'] });
checkKernel(gpu, zeroPadBackward);

test('each side has its own width', () => {
  const p = { batch: 1, height: 1, width: 2, channels: 1, top: 1, bottom: 0, left: 2, right: 1 };
  expect(Array.from(zeroPadReference(p, Float64Array.of(7, 8)))).toEqual([0, 0, 0, 0, 0, 0, 0, 7, 8, 0]);
});

test('gradient of zero padding', async () => {
  const p = { batch: 2, height: 3, width: 2, channels: 3, top: 1, bottom: 2, left: 0, right: 3 };
  const [x, dY] = [distinct(2 * 3 * 2 * 3, 1), distinct(2 * 6 * 5 * 3, 2)];
  const { dX } = await runKernel(gpu(), zeroPadBackward, p, { dY });
  const expected = differences(x, dY, (moved) => zeroPadReference(p, moved));
  checkGradient('dX', dX, expected, zeroPadBackward.terms(p));
});
