import { checkKernel } from '../../testing/check.js';
import { useGpu } from '../../testing/device.js';
import { depthwiseForward } from './index.js';

checkKernel(useGpu(), depthwiseForward, { f16: ['x', 'y'] });
