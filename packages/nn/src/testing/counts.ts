/** Counts calls of a device's functions and its memory, by wrapping the functions while a test runs. */
import type { Gpu } from '@anke/kernels';
import { onTestFinished, vi } from 'vitest';

/** Calls of the device that make or compile something. */
const CALLS = [
  'createBuffer',
  'createShaderModule',
  'createComputePipeline',
  'createComputePipelineAsync',
  'createBindGroup',
  'createBindGroupLayout',
  'createPipelineLayout',
  'createQuerySet',
  'createTexture',
] as const;

/** Counts {@link CALLS} and uploads from now on. */
export function countCalls({ device }: Gpu): () => Record<string, number> {
  const spies = CALLS.map((name) => [name, vi.spyOn(device, name)] as const);
  const upload = vi.spyOn(device.queue, 'writeBuffer');
  onTestFinished(() => {
    for (const [, spy] of spies) spy.mockRestore();
    upload.mockRestore();
  });
  return () => ({
    ...Object.fromEntries(spies.map(([name, spy]) => [name, spy.mock.calls.length])),
    writeBuffer: upload.mock.calls.length,
  });
}

/** Bytes of all buffers that have been made from now on and not been destroyed. (A spy would keep every call.) */
export function countBytes({ device }: Gpu): () => number {
  let live = 0;
  const create = device.createBuffer;
  device.createBuffer = (descriptor) => {
    const buffer = create.call(device, descriptor);
    const { size } = buffer;
    live += size;
    const destroy = buffer.destroy;
    buffer.destroy = () => {
      buffer.destroy = destroy;
      live -= size;
      return destroy.call(buffer);
    };
    return buffer;
  };
  onTestFinished(() => {
    device.createBuffer = create;
  });
  return () => live;
}
