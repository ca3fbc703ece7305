/** If these failed, weights would be updated by other formulas than Adam's and SGD's, or with a wrong penalty. */
import { expect, test } from 'vitest';
import { absolute, absoluteTerms, ownSize } from '../testing/bounds.js';
import { checkKernel, runKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { checkGradient, differences, distinct } from '../testing/differences.js';
import { adam, adamCorrections } from './adam.js';
import { advance } from './advance.js';
import { l2Backward, l2Penalties } from './l2.js';
import { sgd, sgdMomentum } from './sgd.js';

const gpu = useGpu();
checkKernel(gpu, advance);
checkKernel(gpu, adam);
checkKernel(gpu, adamCorrections);
checkKernel(gpu, sgd, {
  magnitudes: (p, inputs) => {
    const positive = absolute(inputs);
    return sgd.reference(p, { ...positive, gradients: positive.gradients.map((value) => -value) });
  },
});
checkKernel(gpu, sgdMomentum);
checkKernel(gpu, l2Backward, { magnitudes: ownSize(l2Backward) });
checkKernel(gpu, l2Penalties, { magnitudes: absoluteTerms(l2Penalties) });

test('the gradient of the l2 penalty', async () => {
  const factor = 0.01;
  const weights = distinct(33, 9);
  const { dWeights } = await runKernel(gpu(), l2Backward, { length: 33, factor }, { weights });
  const params = { stretches: [{ offset: 0, length: 33, factor }], parts: 1 };
  const forward = (moved: Float64Array): Float64Array =>
    l2Penalties.reference(params, { weights: moved, parts: moved }).parts as Float64Array;
  checkGradient('dWeights', dWeights, differences(weights, Float64Array.of(1), forward), 3);
  expect(dWeights?.some((value) => value !== 0)).toBe(true);
});
