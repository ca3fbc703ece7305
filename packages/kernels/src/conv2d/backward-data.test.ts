import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { conv2dBackwardData } from './backward-data.js';

checkKernel(useGpu(), conv2dBackwardData);
