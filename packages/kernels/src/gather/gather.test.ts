/** If these failed, a step would train on the wrong rows, or on wrongly scaled pixels. */
import { ownSize } from '../testing/bounds.js';
import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { gather, scatter } from './gather.js';

const gpu = useGpu();
checkKernel(gpu, gather);
checkKernel(gpu, scatter, { f16: ['x'], magnitudes: ownSize(scatter) });
