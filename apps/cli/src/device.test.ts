/** If this failed, a lost device could not be replaced within one process. */
import { DeviceLostError } from '@anke/kernels';
import { expect, test } from 'vitest';
import { openDevice } from './device.js';
import { Terminal } from './terminal.js';

test('a device that was lost is opened again, with the same choices of kernels', async () => {
  const device = await openDevice(new Terminal({ quiet: true }));
  for (let i = 0; i < 3; i++) {
    const { gpu } = device;
    gpu.device.destroy();
    await expect(gpu.finish()).rejects.toThrow(DeviceLostError);
    const again = await device.reopen();
    expect(device.gpu).toBe(again);
    expect(again.tuner).toBe(gpu.tuner);
    expect([...(await again.readFloats(again.upload('x', Float32Array.of(1, 2 + i))))]).toEqual([1, 2 + i]);
  }
  device.gpu.destroy();
});
