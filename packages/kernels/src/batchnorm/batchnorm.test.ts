/**
 * If these failed, a kernel of batch normalization would differ from its reference, in some variant, size or storage
 * type.
 */
import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { batchNormBackward, batchNormGradients, batchNormInferenceBackward } from './backward.js';
import { batchNormNormalize, batchNormStatistics } from './forward.js';
import { batchNormPoolBackward, batchNormPoolGradients } from './pool-backward.js';
import { batchNormPool } from './pool-forward.js';
import { batchNormPoolWholeBackward, batchNormWholeBackward } from './whole-backward.js';
import { batchNormPoolWholeForward, batchNormWholeForward } from './whole-forward.js';

const gpu = useGpu();

checkKernel(gpu, batchNormStatistics, { f16: ['x'] });
checkKernel(gpu, batchNormNormalize, { f16: ['x', 'addend', 'y'] });
checkKernel(gpu, batchNormGradients, { f16: ['x'] });
checkKernel(gpu, batchNormBackward, { f16: ['x'] });
checkKernel(gpu, batchNormInferenceBackward);
checkKernel(gpu, batchNormPool, { f16: ['x', 'y'] });
checkKernel(gpu, batchNormPoolGradients, { f16: ['x'] });
checkKernel(gpu, batchNormPoolBackward, { f16: ['x'] });
checkKernel(gpu, batchNormWholeForward, { f16: ['x', 'addend', 'y'] });
checkKernel(gpu, batchNormPoolWholeForward, { f16: ['x', 'y'] });
checkKernel(gpu, batchNormWholeBackward, { f16: ['x'] });
checkKernel(gpu, batchNormPoolWholeBackward, { f16: ['x'] });
