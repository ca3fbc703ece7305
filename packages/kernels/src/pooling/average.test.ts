import { expect, test } from 'vitest';
import { absoluteTerms } from '../testing/bounds.js';
import { checkKernel, runKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { checkGradient, differences, distinct } from '../testing/differences.js';
import { averagePool, averagePoolBackward, averagePoolReference } from './average.js';
import { poolParams } from './geometry.js';

const gpu = useGpu();
checkKernel(gpu, averagePool, { f16: ['x', 'y'], magnitudes: absoluteTerms(averagePool) });
checkKernel(gpu, averagePoolBackward, { magnitudes: absoluteTerms(averagePoolBackward) });

test('padding does not count', () => {
  const params = poolParams({
    batch: 1,
    height: 2,
    width: 2,
    channels: 1,
    pool: [2, 2],
    stride: [1, 1],
    padding: 'same',
  });
  expect([...averagePoolReference(params, Float64Array.of(1, 2, 3, 4))]).toEqual([2.5, 3, 3.5, 4]);
});

test('the gradient', async () => {
  const params = poolParams({
    batch: 2,
    height: 5,
    width: 6,
    channels: 2,
    pool: [3, 2],
    stride: [2, 1],
    padding: 'same',
  });
  const x = distinct(2 * 5 * 6 * 2, 3);
  const dY = distinct(2 * params.outHeight * params.outWidth * 2, 4);
  const { dX } = await runKernel(gpu(), averagePoolBackward, params, { dY });
  const expected = differences(x, dY, (moved) => averagePoolReference(params, moved));
  checkGradient('dX', dX, expected, 8);
});
