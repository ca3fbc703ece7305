import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { maxPoolForward, maxPoolBackward } from './maxpool.js';

const gpu = useGpu();
checkKernel(gpu, maxPoolForward);
checkKernel(gpu, maxPoolBackward);
