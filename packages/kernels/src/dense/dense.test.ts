import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { denseBackwardData, denseBackwardWeights, denseForward } from './dense.js';

const gpu = useGpu();
checkKernel(gpu, denseForward);
checkKernel(gpu, denseBackwardData);
checkKernel(gpu, denseBackwardWeights);
