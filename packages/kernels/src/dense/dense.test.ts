import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { denseForward, denseBackwardData, denseBackwardWeights } from './dense.js';

const gpu = useGpu();
checkKernel(gpu, denseForward);
checkKernel(gpu, denseBackwardData);
checkKernel(gpu, denseBackwardWeights);
