/** If these failed, dropout would drop the wrong share of elements, or not the same ones forward and backward. */
import { expect, test } from 'vitest';
import { checkKernel, runKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { dropout } from './dropout.js';

const gpu = useGpu();
checkKernel(gpu, dropout, { f16: ['x', 'y'] });

test('other elements are dropped with each step, seed and layer, and the same when asked again', async () => {
  const x = new Float64Array(64).fill(1);
  const dropped = async (layer: number, step: number, seed: number): Promise<string> => {
    const counters = Float64Array.of(step, 0, seed);
    const { y } = await runKernel(gpu(), dropout, { length: 64, rate: 0.5, layer }, { x, counters });
    return Array.from(y ?? []).join(' ');
  };
  const all = [await dropped(1, 5, 7), await dropped(2, 5, 7), await dropped(1, 6, 7), await dropped(1, 5, 8)];
  expect(new Set(all).size).toBe(4);
  expect(await dropped(1, 5, 7)).toBe(all[0]);
});
