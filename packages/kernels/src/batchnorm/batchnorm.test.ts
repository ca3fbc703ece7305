import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import {
  batchNormBackward,
  batchNormGradientJoin,
  batchNormGradientSums,
  batchNormJoin,
  batchNormMoments,
  batchNormNormalize,
} from './batchnorm.js';

const gpu = useGpu();
checkKernel(gpu, batchNormMoments);
checkKernel(gpu, batchNormJoin);
checkKernel(gpu, batchNormNormalize);
checkKernel(gpu, batchNormGradientSums);
checkKernel(gpu, batchNormGradientJoin);
checkKernel(gpu, batchNormBackward);
