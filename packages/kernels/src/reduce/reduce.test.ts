/** If this failed, sums and means over an axis would differ from their reference, in some variant or size. */
import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { sum } from './sum.js';

const gpu = useGpu();
checkKernel(gpu, sum);
