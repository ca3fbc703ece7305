import { checkKernel } from '../../testing/check.js';
import { useGpu } from '../../testing/device.js';
import { conv2dForward } from './index.js';

checkKernel(useGpu(), conv2dForward);
