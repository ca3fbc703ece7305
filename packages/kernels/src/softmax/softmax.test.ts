import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { softmax, softmaxBackward, softmaxCrossEntropy, softmaxCrossEntropyBackward } from './softmax.js';

const gpu = useGpu();
checkKernel(gpu, softmax);
checkKernel(gpu, softmaxBackward);
checkKernel(gpu, softmaxCrossEntropy);
checkKernel(gpu, softmaxCrossEntropyBackward);
