/** If these failed, a dense product or its gradients would differ from their references, in some variant or size. */
import { absolute, absoluteTerms } from '../testing/bounds.js';
import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { denseBackwardData, denseBackwardWeights, denseForward } from './dense.js';

const gpu = useGpu();

checkKernel(gpu, denseForward, {
  f16: ['x', 'y'],
  // A rectifier enlarges no error; a dropout scales it.
  magnitudes: ({ epilogue: { rectifier: _, ...epilogue }, ...p }, inputs) =>
    denseForward.reference({ ...p, epilogue }, absolute(inputs)),
});
checkKernel(gpu, denseBackwardData, {
  f16: ['x'],
  // Of a mask, only the dropout's factor enlarges an error.
  magnitudes: ({ mask, ...p }, inputs) =>
    denseBackwardData.reference({ ...p, ...(mask ? { mask: { slope: 1, keep: mask.keep } } : {}) }, absolute(inputs)),
});
checkKernel(gpu, denseBackwardWeights, { f16: ['x'], magnitudes: absoluteTerms(denseBackwardWeights) });
