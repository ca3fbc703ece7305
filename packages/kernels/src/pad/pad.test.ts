/** If these failed, zeros would be added on the wrong side of an image, or the gradient would be cut out wrongly. */
import { expect, test } from 'vitest';
import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { zeroPad, zeroPadBackward, zeroPadReference } from './pad.js';

const gpu = useGpu();
checkKernel(gpu, zeroPad, { f16: ['x', 'y'] });
checkKernel(gpu, zeroPadBackward);

test('each side has its own width', () => {
  const p = { batch: 1, height: 1, width: 2, channels: 1, top: 1, bottom: 0, left: 2, right: 1 };
  expect(Array.from(zeroPadReference(p, Float64Array.of(7, 8)))).toEqual([0, 0, 0, 0, 0, 0, 0, 7, 8, 0]);
});
