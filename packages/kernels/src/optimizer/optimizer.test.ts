import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { adam } from './adam.js';
import { advance } from './advance.js';
import { l2Backward, l2Penalties, l2Penalty } from './l2.js';
import { sgd, sgdMomentum } from './sgd.js';

const gpu = useGpu();
checkKernel(gpu, advance);
checkKernel(gpu, adam);
checkKernel(gpu, sgd);
checkKernel(gpu, sgdMomentum);
checkKernel(gpu, l2Penalty);
checkKernel(gpu, l2Backward);
checkKernel(gpu, l2Penalties);
