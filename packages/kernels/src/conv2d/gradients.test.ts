/** Gradients of convolution against finite differences of its forward formula. */
import { describe, test } from 'vitest';
import { runKernel, sampleInputs } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { checkGradient, differences } from '../testing/differences.js';
import { conv2dBackwardData } from './backward-data/index.js';
import { conv2dBackwardWeights } from './backward-weights/index.js';
import { conv2dForward } from './forward/index.js';
import { conv2dParams } from './geometry.js';

const gpu = useGpu();

describe('conv2d', () => {
  test.each([
    conv2dParams({ batch: 2, height: 5, width: 6, inChannels: 3, outChannels: 4, kernel: [3, 2] }),
    conv2dParams({
      batch: 1,
      height: 6,
      width: 5,
      inChannels: 2,
      outChannels: 3,
      kernel: [3, 3],
      stride: [2, 2],
      padding: 'same',
    }),
  ])('%j', async (params) => {
    const forwardParams = { ...params, epilogue: { bias: true } };
    const inputs = sampleInputs(conv2dForward, forwardParams);
    const { x, w, bias } = inputs;
    const { dY } = sampleInputs(conv2dBackwardData, params);
    const forward = (moved: Partial<typeof inputs>): Float64Array =>
      conv2dForward.reference(forwardParams, { ...inputs, ...moved }).y as Float64Array;

    const { dX } = await runKernel(gpu(), conv2dBackwardData, params, { dY, w });
    const expectedX = differences(x, dY, (moved) => forward({ x: moved }));
    checkGradient('dX', dX, expectedX, conv2dBackwardData.terms(params));

    const weightParams = { ...params, bias: true, decay: 0 };
    const { dW, dBias } = await runKernel(gpu(), conv2dBackwardWeights, weightParams, { x, dY });
    const terms = conv2dBackwardWeights.terms(weightParams);
    const expectedW = differences(w, dY, (moved) => forward({ w: moved }));
    checkGradient('dW', dW, expectedW, terms);
    const expectedBias = differences(bias, dY, (moved) => forward({ bias: moved }));
    checkGradient('dBias', dBias, expectedBias, terms);
  });
});
