/**
 * If these failed, the peak rates that benchmarks compare with would be those of kernels that compute something else.
 */
import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { probeCopy, probeFma } from './probe.js';

const gpu = useGpu();
checkKernel(gpu, probeFma);
checkKernel(gpu, probeCopy);
