/**
 * If these failed, an activation function would differ from its definition, or the polynomial behind GELU would be
 * further from the normal distribution than the kernels' bounds say.
 */
import { expect, test } from 'vitest';
import { checkKernel, runKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { activationBackward, activationForward } from './activation.js';
import { type Activation, activationRule } from './functions.js';
import { COEFFICIENTS, FIT, tail } from './normal.js';

const gpu = useGpu();
checkKernel(gpu, activationForward, { f16: ['x', 'y'] });
checkKernel(gpu, activationBackward, { f16: ['x'] });

test('the polynomial is as near to the tail of the normal distribution as it is said to be', () => {
  for (let a = 0; a <= 14; a += 1 / 512) {
    const u = (a - 3) / (a + 3);
    const value = COEFFICIENTS.reduceRight((rest, c) => rest * u + c, 0);
    expect(Math.abs(value / tail(a) - 1), `at ${a}`).toBeLessThan(FIT);
  }
});

test('the tail of the normal distribution has its known values', () => {
  // Abramowitz and Stegun, tables 26.1 and 26.2; just below 3, where the series ends, erfc(a / √2) / 2 by Python.
  for (const [a, known] of [
    [0, 0.5],
    [1, 0.15865525393145705],
    [2.5, 0.006209665325776132],
    [2.999, 0.0013543365337271066],
    [3, 0.0013498980316300946],
    [5, 2.866515718791939e-7],
  ] as const)
    expect((tail(a) * Math.exp((-a * a) / 2)) / known - 1).toBeCloseTo(0, 11);
});

const ALL = ['gelu', 'geluTanh', 'sigmoid', 'silu', 'softplus', 'tanh'] as const;
const EVERY: readonly Activation[] = [{ type: 'elu', alpha: 0.7 }, ...ALL.map((type) => ({ type }))];

test.each(EVERY)('$type: what is not finite becomes NaN, and the largest numbers do no harm', async (activation) => {
  const x = Float64Array.of(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3e38, -3e38, 1e-30);
  const dY = new Float64Array(6).fill(1);
  const { y } = await runKernel(gpu(), activationForward, { length: 6, activation }, { x });
  const { dX } = await runKernel(gpu(), activationBackward, { length: 6, activation }, { x, dY });
  const rule = activationRule(activation);
  expect(Array.from(y ?? [], Number.isNaN)).toEqual([true, true, true, false, false, false]);
  for (const i of [3, 4, 5]) {
    expect(y?.[i]).toBeCloseTo(Math.fround(rule.value(x[i] as number)), 6);
    expect(dX?.[i]).toBeCloseTo(Math.fround(rule.slope(x[i] as number)), 6);
  }
});
