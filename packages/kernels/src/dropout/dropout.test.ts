/** If these failed, dropout would drop the wrong share of elements, or not the same ones forward and backward. */
import { expect, test } from 'vitest';
import { checkKernel, runKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { dropout } from './dropout.js';
import { spatialDropout } from './spatial.js';

const gpu = useGpu();
checkKernel(gpu, dropout, { f16: ['x', 'y'] });
checkKernel(gpu, spatialDropout, { f16: ['x', 'y'] });

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

test('a spatial dropout drops channels as a whole, about as many as its rate', async () => {
  const params = { batch: 16, pixels: 9, channels: 64, rate: 0.25, layer: 1 };
  const x = new Float64Array(16 * 9 * 64).fill(3);
  const { y } = await runKernel(gpu(), spatialDropout, params, { x, counters: Float64Array.of(5, 0, 7) });
  const maps = Array.from({ length: 16 * 64 }, (_, map) =>
    Array.from({ length: 9 }, (_, p) => y?.[(Math.floor(map / 64) * 9 + p) * 64 + (map % 64)]),
  );
  expect(maps.every(([first, ...others]) => others.every((value) => value === first))).toBe(true);
  const dropped = maps.filter(([first]) => first === 0).length;
  // Six standard deviations of a count of 1,024.
  expect(Math.abs(dropped - 256)).toBeLessThan(6 * Math.sqrt(1024 * 0.25 * 0.75));
});
