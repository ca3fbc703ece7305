/**
 * If these failed, weights would be updated by other formulas than the optimizers', clipped, decayed or averaged
 * wrongly, or at another rate than the schedule's.
 */
import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { adam, adamCorrections } from './adam.js';
import { advance } from './advance.js';
import { average } from './average.js';
import { nadam, nadamCorrections } from './nadam.js';
import { penaltyBackward, weightPenalties } from './penalties.js';
import { rmsprop } from './rmsprop.js';
import { schedule } from './schedule.js';
import { sgd, sgdMomentum } from './sgd.js';
import { squaredNorms } from './squared-norms.js';

const gpu = useGpu();
checkKernel(gpu, advance);
checkKernel(gpu, adam);
checkKernel(gpu, adamCorrections);
checkKernel(gpu, sgd);
checkKernel(gpu, sgdMomentum);
checkKernel(gpu, penaltyBackward);
checkKernel(gpu, weightPenalties);
checkKernel(gpu, rmsprop);
checkKernel(gpu, nadam);
checkKernel(gpu, nadamCorrections);
checkKernel(gpu, squaredNorms);
checkKernel(gpu, average);
checkKernel(gpu, schedule);
