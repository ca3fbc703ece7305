import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { conv2dBackwardWeights } from './backward-weights.js';

checkKernel(useGpu(), conv2dBackwardWeights);
