/**
 * If these failed, the loss that a step reports, or the gradient that it trains by, would differ from its reference.
 */
import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { addPenalties } from './add-penalties.js';
import { crossEntropyStep } from './cross-entropy-step.js';

const gpu = useGpu();
checkKernel(gpu, addPenalties);
checkKernel(gpu, crossEntropyStep);
