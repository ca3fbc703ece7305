/** If these failed, layer normalization or one of its gradients would differ from its reference. */
import { expect, test } from 'vitest';
import { checkKernel, runKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { layerNormBackward, layerNormGradients } from './backward.js';
import { layerNorm } from './forward.js';

const gpu = useGpu();
checkKernel(gpu, layerNorm, { f16: ['x', 'y'] });
checkKernel(gpu, layerNormBackward, { f16: ['x'] });
checkKernel(gpu, layerNormGradients, { f16: ['x'] });

test('what lies far from zero, with a small deviation, keeps its digits', async () => {
  const params = { rows: 2, channels: 4, scale: false, center: false, epsilon: 1e-6 };
  const x = Float64Array.of(4096, 4097, 4098, 4099, -8, -8, -8, -8);
  for (const variant of ['shared', 'plain']) {
    const { y } = await runKernel(gpu(), layerNorm, params, { x }, variant);
    // (−1.5, −0.5, 0.5, 1.5) / √1.25; a row of one value becomes zeros.
    const expected = [-1.5, -0.5, 0.5, 1.5].map((value) => value / Math.sqrt(1.25));
    [...expected, 0, 0, 0, 0].forEach((value, i) => {
      expect(y?.[i], `${variant}, element ${i}`).toBeCloseTo(value, 5);
    });
  }
});
