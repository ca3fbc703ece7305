/** If these failed, the loss of an epoch, its accuracy or another of its metrics would be counted wrongly. */
import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { addRows, classCounts, equalRows, thresholdCounts, topKRows } from './counts.js';
import { lossTotal } from './loss-total.js';
import { argmax, epochTotals } from './metrics.js';

const gpu = useGpu();
checkKernel(gpu, argmax);
checkKernel(gpu, epochTotals);
checkKernel(gpu, lossTotal);
checkKernel(gpu, equalRows);
checkKernel(gpu, topKRows);
checkKernel(gpu, addRows);
checkKernel(gpu, classCounts);
checkKernel(gpu, thresholdCounts);
