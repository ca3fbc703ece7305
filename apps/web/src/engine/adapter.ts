/** The device of this browser, and what people are told of it. */
import { Gpu } from '@anke/kernels';
import type { AdapterFacts } from '../protocol.js';

/** Why there is no device. */
export class NoDeviceError extends Error {}

/** @throws NoDeviceError if the browser gives none */
export async function openDevice(): Promise<{ readonly gpu: Gpu; readonly adapter: AdapterFacts }> {
  const { gpu: webgpu } = navigator as Partial<Pick<Navigator, 'gpu'>>;
  if (!webgpu) throw new NoDeviceError('This browser has no WebGPU here.');
  const found = await webgpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!found) throw new NoDeviceError('This browser has WebGPU, but found no GPU that it can use.');
  const gpu = await Gpu.open(found).catch((error: Error) => {
    throw new NoDeviceError(`This browser found a GPU, but ${error.message}.`);
  });
  return { gpu, adapter: describe(gpu) };
}

function describe({ info, device, traits, subgroups }: Gpu): AdapterFacts {
  const named = [info.vendor, info.architecture].filter(Boolean).join(' ');
  const name = info.description || info.device || named || 'a GPU that the browser does not name';
  const { maxStorageBufferBindingSize, maxComputeInvocationsPerWorkgroup } = device.limits;
  return {
    name,
    software: isSoftware(info),
    facts: [
      ['Adapter', named || name],
      ['Subgroups', subgroups.size > 0 ? `${subgroups.size} lanes` : (subgroups.missing ?? 'none')],
      ['16-bit floats', device.features.has('shader-f16') ? 'yes' : 'no'],
      ['Timestamps', device.features.has('timestamp-query') ? 'yes' : 'no'],
      ['Largest binding', `${Math.round(maxStorageBufferBindingSize / 2 ** 20)} MiB`],
      ['Threads of a workgroup', String(maxComputeInvocationsPerWorkgroup)],
      ['Kernels for', traits.software ? 'software' : 'GPUs'],
    ],
  };
}

/** Some browsers do not tell of a software adapter in the field that is meant for it, but its name does. */
const isSoftware = ({ isFallbackAdapter, architecture, description }: GPUAdapterInfo): boolean =>
  isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|basic render/i.test(`${architecture} ${description}`);
