/**
 * If these failed, an elementwise kernel would differ from its reference, or a rectifier would have a wrong gradient.
 */
import { expect, test } from 'vitest';
import { checkKernel, runKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { accumulate, add, affine, relu, reluBackward, scale } from './elementwise.js';
import { multiply } from './multiply.js';

const gpu = useGpu();
checkKernel(gpu, relu, { f16: ['x', 'y'] });
checkKernel(gpu, reluBackward, { f16: ['y'] });
checkKernel(gpu, add, { f16: ['a', 'b', 'sum'] });
checkKernel(gpu, accumulate);
checkKernel(gpu, scale, { f16: ['x', 'y'] });
checkKernel(gpu, affine, { f16: ['x', 'y'] });
checkKernel(gpu, multiply, { f16: ['a', 'b', 'y'] });

test('where a dropout behind a leaky relu has dropped an element, its gradient is 0', async () => {
  const mask = { slope: 0.1, keep: 4 / 3 };
  const { dX } = await runKernel(
    gpu(),
    reluBackward,
    { length: 3, mask },
    { y: Float64Array.of(0, 4, -0.4), dY: Float64Array.of(3, 3, 30) },
  );
  expect(Array.from(dX ?? [], (value) => Math.round(value * 1e5) / 1e5)).toEqual([0, 4, 4]);
});
