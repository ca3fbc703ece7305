import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { conv2dBackwardWeights, conv2dJoinWeights } from './backward-weights.js';

const gpu = useGpu();
checkKernel(gpu, conv2dBackwardWeights);
checkKernel(gpu, conv2dJoinWeights);
