/**
 * If these failed, weights would begin otherwise than in Keras: with another spread, or beyond the ends of their
 * distribution. Mean and variance of n numbers may be off by five of their standard errors, σ / √n and at most
 * σ² · √(2 / n), which of a right generator happens once in a million seeds; the seed is fixed.
 */
import { expect, test } from 'vitest';
import { type Shape, sizeOf } from '../autograd/tensor.js';
import { INITIALIZERS, type Initializer, initialValues } from './initializers.js';

interface Expected {
  readonly mean?: number;
  readonly variance: number;
  /** The least and the largest number that may be drawn. */
  readonly ends?: readonly [number, number];
}

const DENSE = [300, 200];
/** fanIn 3 · 3 · 16 = 144, fanOut 3 · 3 · 64 = 576. */
const CONVOLUTION = [3, 3, 16, 64];
/** 64 channels in 16 groups: fanIn 3 · 3 · 4 = 36, fanOut 3 · 3 · 128 = 1152. */
const GROUPED = [3, 3, 4, 128];
/** Keras counts the channels as inputs and the multiplier as outputs: fanIn 3 · 3 · 256, fanOut 3 · 3 · 3. */
const DEPTHWISE = [3, 3, 256, 3];

const uniform = (variance: number): Expected => {
  const limit = Math.sqrt(3 * variance);
  return { variance, ends: [-limit, limit] };
};
/** Cut off at two standard deviations of the whole distribution, which are 2 / 0.8796… of those of the rest. */
const normal = (variance: number): Expected => {
  const end = (2 * Math.sqrt(variance)) / 0.87962566;
  return { variance, ends: [-end, end] };
};
const CUT = 0.87962566 ** 2;

test.each<[Initializer, Shape, Expected]>([
  ['glorotUniform', DENSE, uniform(2 / 500)],
  ['glorotUniform', CONVOLUTION, uniform(2 / 720)],
  ['glorotUniform', GROUPED, uniform(2 / 1188)],
  ['glorotUniform', DEPTHWISE, uniform(2 / 2331)],
  ['glorotNormal', DENSE, normal(2 / 500)],
  ['glorotNormal', CONVOLUTION, normal(2 / 720)],
  ['heUniform', GROUPED, uniform(2 / 36)],
  ['heNormal', CONVOLUTION, normal(2 / 144)],
  ['heNormal', DEPTHWISE, normal(2 / 2304)],
  ['lecunUniform', DENSE, uniform(1 / 300)],
  ['lecunNormal', GROUPED, normal(1 / 36)],
  // One axis: both fans are its length.
  ['glorotUniform', [9000], uniform(1 / 9000)],
  ['heNormal', [9000], normal(2 / 9000)],
  ['randomUniform', DENSE, uniform(0.05 ** 2 / 3)],
  [{ type: 'randomUniform', minval: 1, maxval: 4 }, DENSE, { mean: 2.5, variance: 3 ** 2 / 12, ends: [1, 4] }],
  ['randomNormal', DENSE, { variance: 0.05 ** 2 }],
  [{ type: 'randomNormal', mean: -2, stddev: 3 }, DENSE, { mean: -2, variance: 9 }],
  ['truncatedNormal', DENSE, { variance: CUT * 0.05 ** 2, ends: [-0.1, 0.1] }],
  [{ type: 'truncatedNormal', mean: 1, stddev: 2 }, DENSE, { mean: 1, variance: CUT * 4, ends: [-3, 5] }],
])('%o for %o', (initializer, shape, { mean = 0, variance, ends }) => {
  const values = Float64Array.from(initialValues(initializer, shape, 5, 'layer/kernel'));
  const n = sizeOf(shape);
  expect(values.length).toBe(n);
  const average = values.reduce((sum, value) => sum + value, 0) / n;
  expect(Math.abs(average - mean)).toBeLessThan(5 * Math.sqrt(variance / n));
  const spread = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n;
  expect(Math.abs(spread - variance)).toBeLessThan(5 * variance * Math.sqrt(2 / n));
  if (!ends) {
    // A normal distribution that is not cut off: in so many numbers some are beyond three standard deviations.
    expect(values.some((value) => Math.abs(value - mean) > 3 * Math.sqrt(variance))).toBe(true);
    return;
  }
  const [least, most] = [Math.min(...values), Math.max(...values)];
  // Float32 may round a number up to the end.
  expect(least).toBeGreaterThanOrEqual(ends[0] - 2 ** -22 * Math.abs(ends[0]));
  expect(most).toBeLessThanOrEqual(ends[1] + 2 ** -22 * Math.abs(ends[1]));
  // They reach to the ends: of a thousand numbers some lie in the last twentieth on either side.
  const margin = (ends[1] - ends[0]) / 20;
  expect(least).toBeLessThan(ends[0] + margin);
  expect(most).toBeGreaterThan(ends[1] - margin);
});

test('constants', () => {
  expect([...initialValues('zeros', [2], 1, 'a')]).toEqual([0, 0]);
  expect([...initialValues('ones', [2], 1, 'a')]).toEqual([1, 1]);
  expect([...initialValues({ type: 'ones' }, [1, 2], 1, 'a')]).toEqual([1, 1]);
  expect([...initialValues('constant', [2], 1, 'a')]).toEqual([0, 0]);
  expect([...initialValues({ type: 'constant', value: -1.5 }, [2], 1, 'a')]).toEqual([-1.5, -1.5]);
});

test('seed and name give the numbers; the default has those that it always had', () => {
  for (const initializer of ['glorotUniform', 'heNormal', 'randomNormal'] as const) {
    const draw = (seed: number, name: string): string => initialValues(initializer, [4], seed, name).join();
    expect(draw(1, 'a/kernel')).toBe(draw(1, 'a/kernel'));
    expect(draw(1, 'a/kernel')).not.toBe(draw(2, 'a/kernel'));
    expect(draw(1, 'a/kernel')).not.toBe(draw(1, 'b/kernel'));
  }
  expect([...initialValues('glorotUniform', [3, 3, 1, 2], 77, 'conv1/kernel')].slice(0, 4)).toEqual([
    -0.3741854429244995, 0.22786132991313934, 0.07381971925497055, -0.22768032550811768,
  ]);
});

test('every initializer is drawn from here', () => {
  for (const name of Object.keys(INITIALIZERS) as (keyof typeof INITIALIZERS)[])
    expect(initialValues(name, [2, 3], 1, 'a').every(Number.isFinite)).toBe(true);
});
