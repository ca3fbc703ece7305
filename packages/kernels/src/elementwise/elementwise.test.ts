/**
 * If these failed, an elementwise kernel would differ from its reference, or a rectifier would have a wrong gradient.
 */
import { expect, test } from 'vitest';
import { rectify } from '../epilogue/epilogue.js';
import { absolute, absoluteTerms, ownSize } from '../testing/bounds.js';
import { checkKernel, runKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { checkGradient, differences, distinct } from '../testing/differences.js';
import { accumulate, add, affine, relu, reluBackward, scale } from './elementwise.js';

const gpu = useGpu();
checkKernel(gpu, relu, { f16: ['x', 'y'], magnitudes: ownSize(relu) });
checkKernel(gpu, reluBackward, { f16: ['y'], magnitudes: ownSize(reluBackward) });
checkKernel(gpu, add, { f16: ['a', 'b', 'sum'], magnitudes: absoluteTerms(add) });
checkKernel(gpu, accumulate, { magnitudes: absoluteTerms(accumulate) });
checkKernel(gpu, scale, { f16: ['x', 'y'], magnitudes: ownSize(scale) });
checkKernel(gpu, affine, {
  f16: ['x', 'y'],
  magnitudes: (p, inputs) =>
    affine.reference({ ...p, factor: Math.abs(p.factor), offset: Math.abs(p.offset) }, absolute(inputs)),
});

test.each([{ slope: 0 }, { slope: 0, cap: 1.25 }, { slope: 0.1 }, { slope: 0.3, cap: 0.5 }])(
  'the gradient of %j, away from its corners',
  async (rectifier) => {
    const x = distinct(64, 5);
    const dY = distinct(64, 6);
    const forward = (moved: Float64Array): Float64Array => moved.map((value) => rectify(value, rectifier));
    const mask = { ...rectifier, keep: 1 };
    const { dX } = await runKernel(gpu(), reluBackward, { length: 64, mask }, { y: forward(x), dY });
    checkGradient('dX', dX, differences(x, dY, forward), 1);
  },
);

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
