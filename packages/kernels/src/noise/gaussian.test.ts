/** If these failed, noise would not be that of a normal distribution, or would repeat where it must not. */
import { expect, test } from 'vitest';
import { checkKernel, runKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { gaussianNoise } from './gaussian.js';

const gpu = useGpu();
checkKernel(gpu, gaussianNoise, { f16: ['x', 'y'] });

/** The noise alone. */
async function noise(length: number, [layer, step, seed]: readonly number[]): Promise<Float64Array> {
  const counters = Float64Array.of(step as number, 0, seed as number);
  const params = { length, stddev: 1, layer: layer as number };
  const { y } = await runKernel(gpu(), gaussianNoise, params, { x: new Float64Array(length), counters });
  return y as Float64Array;
}

test('mean, variance, skewness and kurtosis are those of a standard normal distribution', async () => {
  const count = 2 ** 18;
  const z = await noise(count, [1, 5, 7]);
  const moment = (power: number): number => z.reduce((sum, value) => sum + value ** power, 0) / count;
  // Six standard deviations of each moment's own mean: √((E z²ᵏ − (E zᵏ)²) / count).
  for (const [power, expected, deviation] of [
    [1, 0, 1],
    [2, 1, Math.sqrt(2)],
    [3, 0, Math.sqrt(15)],
    [4, 3, Math.sqrt(96)],
  ] as const)
    expect(Math.abs(moment(power) - expected), `moment ${power}`).toBeLessThan((6 * deviation) / Math.sqrt(count));
  // Neighbours do not depend on each other.
  for (const distance of [1, 2, 3, 4]) {
    const products = z.subarray(distance).reduce((sum, value, i) => sum + value * (z[i] as number), 0);
    expect(Math.abs(products / count), `neighbours at ${distance}`).toBeLessThan(6 / Math.sqrt(count));
  }
});

test('other numbers with each layer, step and seed, and the same when asked again', async () => {
  const drawn = async (...key: readonly number[]): Promise<string> => (await noise(64, key)).join(' ');
  const all = [await drawn(1, 5, 7), await drawn(2, 5, 7), await drawn(1, 6, 7), await drawn(1, 5, 8)];
  expect(new Set(all).size).toBe(4);
  expect(await drawn(1, 5, 7)).toBe(all[0]);
});
