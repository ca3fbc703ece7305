import { expect, test } from 'vitest';
import type { Kernel } from '../runtime/kernel.js';
import { absoluteTerms } from '../testing/bounds.js';
import { checkKernel, runKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { checkGradient, differences, distinct } from '../testing/differences.js';
import { resizeBilinear, resizeBilinearBackward } from './bilinear.js';
import type { ResizeParams } from './geometry.js';
import { resizeNearest, resizeNearestBackward } from './nearest.js';

const gpu = useGpu();
checkKernel(gpu, resizeBilinear, { f16: ['x', 'y'], magnitudes: absoluteTerms(resizeBilinear) });
checkKernel(gpu, resizeBilinearBackward, { magnitudes: absoluteTerms(resizeBilinearBackward) });
checkKernel(gpu, resizeNearest, { f16: ['x', 'y'] });
checkKernel(gpu, resizeNearestBackward, { magnitudes: absoluteTerms(resizeNearestBackward) });

const resized = (kernel: Kernel<ResizeParams, 'x' | 'y'>, params: ResizeParams, x: Float64Array): Float64Array =>
  kernel.reference(params, { x, y: new Float64Array() }).y as Float64Array;

test('values of PyTorch: interpolate(size=…, align_corners=False)', () => {
  const row = { batch: 1, height: 1, channels: 1, outHeight: 1 };
  const x = Float64Array.of(0, 10, 20);
  const up = { ...row, width: 3, outWidth: 6 };
  expect([...resized(resizeBilinear, up, x)]).toEqual([0, 2.5, 7.5, 12.5, 17.5, 20]);
  expect([...resized(resizeNearest, up, x)]).toEqual([0, 0, 10, 10, 20, 20]);
  expect([...resized(resizeBilinear, { ...row, width: 3, outWidth: 1 }, x)]).toEqual([10]);
});

const params: ResizeParams = { batch: 2, height: 3, width: 5, channels: 2, outHeight: 7, outWidth: 4 };
test.each([
  ['bilinear', resizeBilinear, resizeBilinearBackward],
  ['nearest', resizeNearest, resizeNearestBackward],
] as const)('the gradient, %s', async (_, forward, backward) => {
  const x = distinct(2 * 3 * 5 * 2, 1);
  const dY = distinct(2 * 7 * 4 * 2, 2);
  const { dX } = await runKernel(gpu(), backward, params, { dY });
  checkGradient(
    'dX',
    dX,
    differences(x, dY, (moved) => resized(forward, params, moved)),
    30,
  );
});
