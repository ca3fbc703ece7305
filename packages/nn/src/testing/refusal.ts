/** Lets a device refuse memory, as one does that has no more: the buffer is there, but nothing can be done with it. */
import type { Gpu } from '@anke/kernels';
import { onTestFinished } from 'vitest';

/** From now on, `refuses` is asked of each buffer. */
export function refuseMemory({ device }: Gpu, refuses: (label: string, bytes: number) => boolean): void {
  const { createBuffer, pushErrorScope, popErrorScope } = device;
  // For each open scope, whether memory was refused in it.
  const scopes: { readonly filter: GPUErrorFilter; refused: boolean }[] = [];
  device.pushErrorScope = (filter) => {
    scopes.push({ filter, refused: false });
    return pushErrorScope.call(device, filter);
  };
  device.createBuffer = (wanted) => {
    if (!refuses(wanted.label ?? '', wanted.size)) return createBuffer.call(device, wanted);
    const scope = scopes.findLast(({ filter }) => filter === 'out-of-memory');
    if (scope) scope.refused = true;
    // No device has this usage: so this is an invalid buffer too, with an error of its own.
    return createBuffer.call(device, { ...wanted, usage: 0x8000 });
  };
  device.popErrorScope = async () => {
    const scope = scopes.pop();
    const error = await popErrorScope.call(device);
    return scope?.refused ? ({ message: 'out of memory' } as GPUError) : error;
  };
  onTestFinished(() => {
    Object.assign(device, { createBuffer, pushErrorScope, popErrorScope });
  });
}
