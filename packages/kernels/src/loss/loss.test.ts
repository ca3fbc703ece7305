/**
 * If these failed, the loss that a step reports, or the gradient that it trains by, would differ from its reference.
 */
import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { addPenalties } from './add-penalties.js';
import {
  absoluteError,
  binaryCrossEntropy,
  binaryCrossEntropyBackward,
  squaredError,
  squaredErrorBackward,
} from './by-element.js';
import { crossEntropyStep } from './cross-entropy-step.js';

const gpu = useGpu();
checkKernel(gpu, addPenalties);
checkKernel(gpu, crossEntropyStep);
checkKernel(gpu, binaryCrossEntropy);
checkKernel(gpu, binaryCrossEntropyBackward);
checkKernel(gpu, squaredError);
checkKernel(gpu, squaredErrorBackward);
checkKernel(gpu, absoluteError);
