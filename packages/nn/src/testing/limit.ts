/** Lets a device bind less at once than it can, as one with less would. */
import type { Gpu } from '@anke/kernels';
import { onTestFinished } from 'vitest';

/**
 * From now on `gpu` says that it binds at most so many bytes, and what binds more fails.
 *
 * @param maxBuffer what it says of its largest buffers; the truth if absent
 * @returns what gives the device its own limits back, as the end of the test does
 */
export function limitBindings(gpu: Gpu, maxBinding: number, maxBuffer = gpu.maxBuffer): () => void {
  const { device } = gpu;
  const { createBindGroup } = device;
  Object.defineProperty(gpu, 'maxBinding', { configurable: true, get: () => maxBinding });
  Object.defineProperty(gpu, 'maxBuffer', { configurable: true, get: () => maxBuffer });
  device.createBindGroup = (wanted) => {
    for (const { resource } of wanted.entries) {
      const { buffer, offset = 0, size = buffer.size - offset } = resource as GPUBufferBinding;
      if (size > maxBinding) throw new Error(`${wanted.label}: ${size} bytes of "${buffer.label}" are bound`);
    }
    return createBindGroup.call(device, wanted);
  };
  const restore = (): void => {
    device.createBindGroup = createBindGroup;
    for (const name of ['maxBinding', 'maxBuffer']) Reflect.deleteProperty(gpu, name);
  };
  onTestFinished(restore);
  return restore;
}
