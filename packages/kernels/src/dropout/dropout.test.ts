import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { dropout } from './dropout.js';

const gpu = useGpu();
checkKernel(gpu, dropout);
