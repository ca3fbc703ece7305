import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { conv2dForward } from './forward.js';

checkKernel(useGpu(), conv2dForward);
