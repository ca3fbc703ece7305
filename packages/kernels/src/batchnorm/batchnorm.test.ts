import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { batchNormBackward, batchNormGradientJoin, batchNormGradientSums } from './backward.js';
import { batchNormJoin, batchNormMoments, batchNormNormalize } from './forward.js';
import { batchNormPool, batchNormPoolBackward, batchNormPoolGradientSums } from './pooled.js';

const gpu = useGpu();
checkKernel(gpu, batchNormMoments);
checkKernel(gpu, batchNormJoin);
checkKernel(gpu, batchNormNormalize);
checkKernel(gpu, batchNormGradientSums);
checkKernel(gpu, batchNormGradientJoin);
checkKernel(gpu, batchNormBackward);
checkKernel(gpu, batchNormPool);
checkKernel(gpu, batchNormPoolGradientSums);
checkKernel(gpu, batchNormPoolBackward);
