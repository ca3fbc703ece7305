import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { adam, advance, l2Backward, l2Penalty, sgd, sgdMomentum } from './optimizer.js';

const gpu = useGpu();
checkKernel(gpu, advance);
checkKernel(gpu, adam);
checkKernel(gpu, sgd);
checkKernel(gpu, sgdMomentum);
checkKernel(gpu, l2Penalty);
checkKernel(gpu, l2Backward);
