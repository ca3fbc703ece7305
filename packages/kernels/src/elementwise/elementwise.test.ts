import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { accumulate, add, relu, reluBackward, scale } from './elementwise.js';

const gpu = useGpu();
checkKernel(gpu, relu);
checkKernel(gpu, reluBackward);
checkKernel(gpu, add);
checkKernel(gpu, accumulate);
checkKernel(gpu, scale);
