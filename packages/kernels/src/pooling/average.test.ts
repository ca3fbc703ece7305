/** If these failed, average pooling would count padding, differ from its reference, or have a wrong gradient. */
import { describe, expect, test } from 'vitest';
import { absoluteTerms } from '../testing/bounds.js';
import { checkKernel, runKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { checkGradient, differences, distinct } from '../testing/differences.js';
import { averagePool, averagePoolBackward, averagePoolReference } from './average.js';
import { poolInputs, poolOutputs, poolParams } from './geometry.js';

const gpu = useGpu();
checkKernel(gpu, averagePool, { f16: ['x', 'y'], magnitudes: absoluteTerms(averagePool) });
checkKernel(gpu, averagePoolBackward, { magnitudes: absoluteTerms(averagePoolBackward) });

test('padding does not count', () => {
  const window = { pool: [2, 2], stride: [1, 1], padding: 'same' } as const;
  const p = poolParams({ batch: 1, height: 2, width: 2, channels: 1, ...window });
  expect(Array.from(averagePoolReference(p, Float64Array.of(1, 2, 3, 4)))).toEqual([2.5, 3, 3.5, 4]);
});

describe('gradient of average pooling', () => {
  test.each([
    poolParams({ batch: 2, height: 5, width: 7, channels: 3, pool: [3, 2], stride: [2, 2], padding: 'same' }),
    poolParams({ batch: 2, height: 3, width: 5, channels: 3, pool: [3, 5] }),
  ])('%j', async (p) => {
    const [x, dY] = [distinct(poolInputs(p), 1), distinct(poolOutputs(p), 2)];
    const { dX } = await runKernel(gpu(), averagePoolBackward, p, { dY });
    const expected = differences(x, dY, (moved) => averagePoolReference(p, moved));
    checkGradient('dX', dX, expected, averagePoolBackward.terms(p));
  });
});
