/** If these failed, a dense product or its gradients would differ from their references, in some variant or size. */
import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { denseBackwardData, denseBackwardWeights, denseForward } from './dense.js';

const gpu = useGpu();

checkKernel(gpu, denseForward, { f16: ['x', 'y'] });
checkKernel(gpu, denseBackwardData, { f16: ['x'] });
checkKernel(gpu, denseBackwardWeights, { f16: ['x'] });
