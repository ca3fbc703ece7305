/** If these failed, max pooling would choose the wrong element, or send the gradient to the wrong one. */
import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { maxPoolBackward, maxPoolForward } from './max.js';

const gpu = useGpu();
checkKernel(gpu, maxPoolForward, { f16: ['x', 'y'] });
checkKernel(gpu, maxPoolBackward);
