import { absoluteTerms } from '../testing/bounds.js';
import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { concatChannels, sliceChannels } from './concat.js';
import { repeatChannel, repeatChannelBackward } from './repeat.js';

// Copies and sums of copies: their references are the gradients' definition, so that differences would say nothing more.
const gpu = useGpu();
checkKernel(gpu, concatChannels, { f16: ['a', 'b', 'y'] });
checkKernel(gpu, sliceChannels, { f16: ['x', 'y'] });
checkKernel(gpu, repeatChannel, { f16: ['x', 'y'] });
checkKernel(gpu, repeatChannelBackward, { magnitudes: absoluteTerms(repeatChannelBackward) });
