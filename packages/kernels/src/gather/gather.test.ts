/** If these failed, a step would train on the wrong rows, or on wrongly scaled pixels. */
import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { gather } from './gather.js';
import { gatherRows } from './rows.js';

const gpu = useGpu();
checkKernel(gpu, gather);
checkKernel(gpu, gatherRows);
