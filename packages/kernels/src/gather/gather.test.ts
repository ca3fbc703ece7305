import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { gather, scatter } from './gather.js';

const gpu = useGpu();
checkKernel(gpu, gather);
checkKernel(gpu, scatter);
