/** Gradients of a dense product against finite differences of its forward formula. */
import { test } from 'vitest';
import { runKernel, sampleInputs } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { checkGradient, differences } from '../testing/differences.js';
import { denseBackwardData, denseBackwardWeights, denseForward } from './dense.js';

const gpu = useGpu();

test('dense', async () => {
  const params = { batch: 3, inFeatures: 7, outFeatures: 5 };
  const forwardParams = { ...params, epilogue: { bias: true } };
  const inputs = sampleInputs(denseForward, forwardParams);
  const { x, w, bias } = inputs;
  const { dY } = sampleInputs(denseBackwardData, params);
  const forward = (moved: Partial<typeof inputs>): Float64Array =>
    denseForward.reference(forwardParams, { ...inputs, ...moved }).y as Float64Array;

  const { dX } = await runKernel(gpu(), denseBackwardData, params, { dY, w });
  const expectedX = differences(x, dY, (moved) => forward({ x: moved }));
  checkGradient('dX', dX, expectedX, params.outFeatures);

  const weightParams = { ...params, bias: true, decay: 0 };
  const { dW, dBias } = await runKernel(gpu(), denseBackwardWeights, weightParams, { x, dY });
  const expectedW = differences(w, dY, (moved) => forward({ w: moved }));
  checkGradient('dW', dW, expectedW, params.batch);
  const expectedBias = differences(bias, dY, (moved) => forward({ bias: moved }));
  checkGradient('dBias', dBias, expectedBias, params.batch);
});
