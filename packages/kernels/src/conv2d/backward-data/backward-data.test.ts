/** If this failed, the gradient of a convolution's input would differ from its reference, in some variant or size. */
import { absolute } from '../../testing/bounds.js';
import { checkKernel } from '../../testing/check.js';
import { useGpu } from '../../testing/device.js';
import { conv2dBackwardData } from './index.js';

checkKernel(useGpu(), conv2dBackwardData, {
  f16: ['x'],
  // Of a mask, only the dropout's factor enlarges an error.
  magnitudes: ({ mask, ...p }, inputs) =>
    conv2dBackwardData.reference({ ...p, ...(mask ? { mask: { slope: 1, keep: mask.keep } } : {}) }, absolute(inputs)),
});
