import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { crossEntropyStep } from './cross-entropy-step.js';

checkKernel(useGpu(), crossEntropyStep);
