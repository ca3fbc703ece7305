/** How fast this device is with what a training consists of, held against what it does at best. */
import {
  conv2dBackwardData,
  conv2dBackwardWeights,
  conv2dForward,
  conv2dParams,
  denseForward,
  type Gpu,
  type Kernel,
} from '@anke/kernels';
import { measureKernel, probe, type Timing } from '@anke/report/timing';
import type { MeasuredKernel, MeasureFacts } from '../protocol.js';

/** By the clock on the wall: browsers round the device's timestamps to more than a kernel takes. */
const TIMING: Timing = { budget: 30, timestamps: false };

const square = (side: number): object => ({
  batch: side,
  inFeatures: side,
  outFeatures: side,
  epilogue: { bias: false },
});
const convolution = conv2dParams({
  batch: 32,
  height: 28,
  width: 28,
  inChannels: 32,
  outChannels: 64,
  kernel: [3, 3],
  padding: 'same',
});

const MEASURED: readonly { readonly what: string; readonly kernel: Kernel; readonly params: object }[] = [
  { what: 'product 512³', kernel: denseForward, params: square(512) },
  { what: 'product 1024³', kernel: denseForward, params: square(1024) },
  { what: 'convolution 3 × 3', kernel: conv2dForward, params: { ...convolution, epilogue: { bias: false } } },
  { what: 'its gradient of the images', kernel: conv2dBackwardData, params: convolution },
  {
    what: 'its gradient of the weights',
    kernel: conv2dBackwardWeights,
    params: { ...convolution, bias: false, decay: 0 },
  },
];

export async function measureDevice(gpu: Gpu, device: string, say: (line: string) => void): Promise<MeasureFacts> {
  say('What the device does at best …');
  const limits = await probe(gpu, TIMING);
  const kernels: MeasuredKernel[] = [];
  for (const { what, kernel, params } of MEASURED) {
    say(`${what} …`);
    const variant = gpu.compiler.variantOf(kernel, params);
    const { median } = await measureKernel(gpu, { kernel, params, variant }, TIMING);
    const gflops = kernel.cost(params).flops / median / 1e6;
    kernels.push({ what, variant, milliseconds: median, gflops, share: gflops / limits.gflops });
  }
  return { device, limits, kernels };
}
