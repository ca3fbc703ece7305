/** If these failed, max pooling would choose the wrong element, or send the gradient to the wrong one. */
import { test } from 'vitest';
import { absoluteTerms, ownSize } from '../testing/bounds.js';
import { checkKernel, runKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { checkGradient, differences, distinct } from '../testing/differences.js';
import { poolParams } from './geometry.js';
import { maxPoolBackward, maxPoolForward, maxPoolReference } from './max.js';

const gpu = useGpu();
checkKernel(gpu, maxPoolForward, { f16: ['x', 'y'], magnitudes: ownSize(maxPoolForward) });
checkKernel(gpu, maxPoolBackward, { magnitudes: absoluteTerms(maxPoolBackward) });

test('the gradient, where no two elements tie', async () => {
  const params = poolParams({ batch: 2, height: 5, width: 6, channels: 2, pool: [3, 2], stride: [2, 1] });
  const x = distinct(2 * 5 * 6 * 2, 3);
  const dY = distinct(2 * params.outHeight * params.outWidth * 2, 4);
  const { winner } = await runKernel(gpu(), maxPoolForward, params, { x });
  const { dX } = await runKernel(gpu(), maxPoolBackward, params, { dY, winner: winner as Float64Array });
  const expected = differences(x, dY, (moved) => maxPoolReference(params, moved).y);
  checkGradient('dX', dX, expected, 4);
});
