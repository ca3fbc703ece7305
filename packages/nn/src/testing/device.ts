/** Opens a device for the tests of a file. */
import { openAdapter } from '@anke/dawn';
import { Gpu } from '@anke/kernels';
import { afterAll, beforeAll } from 'vitest';

/** Opens the device for the tests of a file; call the result inside a test. */
export function useGpu(): () => Gpu {
  let gpu: Gpu | undefined;
  beforeAll(async () => {
    gpu = await Gpu.open((await openAdapter(console.log)).adapter);
  });
  afterAll(() => gpu?.destroy());
  return () => {
    if (!gpu) throw new Error('the device is open only while tests run');
    return gpu;
  };
}
