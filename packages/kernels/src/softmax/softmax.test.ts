/** If these failed, softmax, cross-entropy or one of their gradients would differ from the reference. */
import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { softCrossEntropy, softCrossEntropyBackward } from './soft-targets.js';
import { softmax, softmaxBackward, softmaxCrossEntropy, softmaxCrossEntropyBackward } from './softmax.js';

const gpu = useGpu();
checkKernel(gpu, softmax, { f16: ['logits', 'y'] });
checkKernel(gpu, softmaxBackward, { f16: ['y'] });
checkKernel(gpu, softmaxCrossEntropy);
checkKernel(gpu, softmaxCrossEntropyBackward);
checkKernel(gpu, softCrossEntropy);
checkKernel(gpu, softCrossEntropyBackward);
