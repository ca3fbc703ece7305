import { checkKernel } from '../../testing/check.js';
import { useGpu } from '../../testing/device.js';
import { depthwiseBackwardData } from './index.js';

checkKernel(useGpu(), depthwiseBackwardData, { f16: ['x'] });
