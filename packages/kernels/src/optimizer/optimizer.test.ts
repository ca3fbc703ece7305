/** If these failed, weights would be updated by other formulas than Adam's and SGD's, or with a wrong penalty. */
import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { adam, adamCorrections } from './adam.js';
import { advance } from './advance.js';
import { penaltyBackward, weightPenalties } from './penalties.js';
import { sgd, sgdMomentum } from './sgd.js';

const gpu = useGpu();
checkKernel(gpu, advance);
checkKernel(gpu, adam);
checkKernel(gpu, adamCorrections);
checkKernel(gpu, sgd);
checkKernel(gpu, sgdMomentum);
checkKernel(gpu, penaltyBackward);
checkKernel(gpu, weightPenalties);
