/** If this failed, convolution would differ from its reference, in some variant, size or epilogue. */
import { absolute } from '../../testing/bounds.js';
import { checkKernel } from '../../testing/check.js';
import { useGpu } from '../../testing/device.js';
import { conv2dForward } from './index.js';

checkKernel(useGpu(), conv2dForward, {
  f16: ['x', 'y'],
  // A rectifier enlarges no error; a dropout scales it.
  magnitudes: ({ epilogue: { rectifier: _, ...epilogue }, ...p }, inputs) =>
    conv2dForward.reference({ ...p, epilogue }, absolute(inputs)),
});
