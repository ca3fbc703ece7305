/** If these failed, average pooling would count padding, differ from its reference, or have a wrong gradient. */
import { expect, test } from 'vitest';
import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { averagePool, averagePoolBackward, averagePoolReference } from './average.js';
import { poolParams } from './geometry.js';

const gpu = useGpu();
checkKernel(gpu, averagePool, { f16: ['x', 'y'] });
checkKernel(gpu, averagePoolBackward);

test('padding does not count', () => {
  const window = { pool: [2, 2], stride: [1, 1], padding: 'same' } as const;
  const p = poolParams({ batch: 1, height: 2, width: 2, channels: 1, ...window });
  expect(Array.from(averagePoolReference(p, Float64Array.of(1, 2, 3, 4)))).toEqual([2.5, 3, 3.5, 4]);
});
