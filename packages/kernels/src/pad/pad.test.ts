import { test } from 'vitest';
import { checkKernel, runKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { checkGradient, differences, distinct } from '../testing/differences.js';
import { zeroPad, zeroPadBackward } from './pad.js';

const gpu = useGpu();
checkKernel(gpu, zeroPad, { f16: ['x', 'y'] });
checkKernel(gpu, zeroPadBackward);

test('the gradient', async () => {
  const params = { batch: 2, height: 3, width: 4, channels: 2, top: 1, bottom: 2, left: 0, right: 1 };
  const x = distinct(2 * 3 * 4 * 2, 1);
  const dY = distinct(2 * 6 * 5 * 2, 2);
  const { dX } = await runKernel(gpu(), zeroPadBackward, params, { dY });
  const forward = (moved: Float64Array) =>
    zeroPad.reference(params, { x: moved, y: new Float64Array() }).y as Float64Array;
  checkGradient('dX', dX, differences(x, dY, forward), 1);
});
