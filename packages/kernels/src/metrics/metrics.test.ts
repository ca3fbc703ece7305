/** If these failed, the accuracy and the loss of an epoch would be counted wrongly. */
import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { argmax, epochTotals } from './metrics.js';

const gpu = useGpu();
checkKernel(gpu, argmax);
checkKernel(gpu, epochTotals);
