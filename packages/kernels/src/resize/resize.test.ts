/**
 * If these failed, images would be resampled from wrong pixels, or the gradient would not be that of the resampling.
 */
import { expect, test } from 'vitest';
import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { resizeBilinear, resizeBilinearBackward, resizeBilinearReference } from './bilinear.js';
import { resizeNearest, resizeNearestBackward, resizeNearestReference } from './nearest.js';

const gpu = useGpu();
checkKernel(gpu, resizeBilinear, { f16: ['x', 'y'] });
checkKernel(gpu, resizeBilinearBackward);
checkKernel(gpu, resizeNearest, { f16: ['x', 'y'] });
checkKernel(gpu, resizeNearestBackward);

/** One row of numbers. */
const row = (width: number, outWidth: number) => ({ batch: 1, height: 1, width, channels: 1, outHeight: 1, outWidth });

test('bilinear: centres are half a pixel from the edge, beyond the outermost there is no slope', () => {
  const doubled = resizeBilinearReference(row(3, 6), Float64Array.of(0, 4, 12));
  expect(Array.from(doubled)).toEqual([0, 1, 3, 6, 10, 12]);
  // Between the second and third, and nothing of the others: no antialiasing.
  const quarter = resizeBilinearReference(row(4, 1), Float64Array.of(100, 2, 4, 100));
  expect(Array.from(quarter)).toEqual([3]);
});

test('nearest: of two equally near pixels, the second', () => {
  const tripled = resizeNearestReference(row(2, 6), Float64Array.of(1, 2));
  expect(Array.from(tripled)).toEqual([1, 1, 1, 2, 2, 2]);
  const smaller = resizeNearestReference(row(4, 2), Float64Array.of(1, 2, 3, 4));
  expect(Array.from(smaller)).toEqual([2, 4]);
});
