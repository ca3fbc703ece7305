import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { maxPoolBackward, maxPoolForward } from './maxpool.js';

const gpu = useGpu();
checkKernel(gpu, maxPoolForward);
checkKernel(gpu, maxPoolBackward);
