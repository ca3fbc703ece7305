import { ownSize } from '../testing/bounds.js';
import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { probeCopy, probeFma } from './probe.js';

const gpu = useGpu();
checkKernel(gpu, probeFma);
checkKernel(gpu, probeCopy, { magnitudes: ownSize(probeCopy) });
