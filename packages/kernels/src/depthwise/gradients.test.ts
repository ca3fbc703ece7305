/** Gradients of depthwise convolution against finite differences of its forward formula. */
import { describe, test } from 'vitest';
import { runKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { checkGradient, differences, distinct } from '../testing/differences.js';
import { depthwiseBackwardData } from './backward-data/index.js';
import { depthwiseBackwardWeights } from './backward-weights/index.js';
import { depthwiseForward } from './forward/index.js';
import { depthwiseParams, inputSize, kernelSize, outChannels, outputSize } from './geometry.js';

const gpu = useGpu();
const none = new Float64Array();

describe('gradients of a depthwise convolution', () => {
  test.each([
    depthwiseParams({ batch: 2, height: 5, width: 6, channels: 3, kernel: [3, 2] }),
    depthwiseParams({
      batch: 1,
      height: 6,
      width: 5,
      channels: 2,
      multiplier: 3,
      kernel: [3, 3],
      stride: [2, 2],
      padding: 'same',
    }),
  ])('%j', async (p) => {
    const [x, w, dY] = [distinct(inputSize(p), 1), distinct(kernelSize(p), 2), distinct(outputSize(p), 3)];
    const bias = distinct(outChannels(p), 4);
    const forward = (moved: { x?: Float64Array; w?: Float64Array; bias?: Float64Array }): Float64Array => {
      const inputs = { x, w, bias, counters: none, y: none, ...moved };
      return depthwiseForward.reference({ ...p, epilogue: { bias: true } }, inputs).y as Float64Array;
    };
    const { dX } = await runKernel(gpu(), depthwiseBackwardData, p, { dY, w });
    const wantX = differences(x, dY, (moved) => forward({ x: moved }));
    checkGradient('dX', dX, wantX, depthwiseBackwardData.terms(p));
    const options = { ...p, bias: true, decay: 0 };
    const { dW, dBias } = await runKernel(gpu(), depthwiseBackwardWeights, options, { x, dY });
    const terms = depthwiseBackwardWeights.terms(options);
    const wantW = differences(w, dY, (moved) => forward({ w: moved }));
    checkGradient('dW', dW, wantW, terms);
    const wantBias = differences(bias, dY, (moved) => forward({ bias: moved }));
    checkGradient('dBias', dBias, wantBias, terms);
  });
});
