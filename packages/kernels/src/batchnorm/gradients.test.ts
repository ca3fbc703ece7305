/** Gradients of batch normalization against finite differences of its forward formula. */
import { expect, test } from 'vitest';
import { poolParams } from '../pooling/geometry.js';
import { runKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { checkGradient, differences, distinct } from '../testing/differences.js';
import { batchNormBackward, batchNormGradients, batchNormInferenceBackward } from './backward.js';
import { batchNormPoolBackward, batchNormPoolGradients } from './pool-backward.js';
import { batchNormPool } from './pool-forward.js';
import { normalize, statistics } from './reference.js';

const gpu = useGpu();
const [rows, channels, epsilon] = [11, 3, 1e-3];
const shape = { rows, channels, epsilon };
const x = distinct(rows * channels, 1);
const dY = distinct(rows * channels, 2);
const gamma = Float64Array.of(0.5, -1.25, 2);
const beta = Float64Array.of(0.25, 0, -1);
type Forward = (x: Float64Array, gamma: Float64Array, beta: Float64Array) => Float64Array;

test('through the statistics of the batch', async () => {
  const { mean, variance } = statistics(x, channels);
  const got = await runKernel(gpu(), batchNormGradients, shape, { x, dY, mean, variance, gamma });
  const { dBeta, dGamma, coefficients } = got as Record<'dBeta' | 'dGamma' | 'coefficients', Float64Array>;
  const { dX } = await runKernel(gpu(), batchNormBackward, { rows, channels }, { x, dY, coefficients });
  const forward: Forward = (a, g, b) => normalize(a, statistics(a, channels), g, b, epsilon);
  // The device's statistics are rounded to float32 too: that moves the gradients by as many roundings again.
  const terms = 4 * rows + 32;
  const expectedX = differences(x, dY, (moved) => forward(moved, gamma, beta));
  checkGradient('dX', dX, expectedX, terms);
  const expectedGamma = differences(gamma, dY, (moved) => forward(x, moved, beta));
  checkGradient('dGamma', dGamma, expectedGamma, terms);
  const expectedBeta = differences(beta, dY, (moved) => forward(x, gamma, moved));
  checkGradient('dBeta', dBeta, expectedBeta, terms);
});

test('with constant statistics', async () => {
  const mean = Float64Array.of(0.125, -0.5, 0);
  const variance = Float64Array.of(0.5, 2, 1.25);
  const { dX } = await runKernel(gpu(), batchNormInferenceBackward, shape, { dY, variance, gamma });
  const { dBeta, dGamma } = await runKernel(gpu(), batchNormGradients, shape, { x, dY, mean, variance, gamma });
  const forward: Forward = (a, g, b) => normalize(a, { mean, variance }, g, b, epsilon);
  const expectedX = differences(x, dY, (moved) => forward(moved, gamma, beta));
  checkGradient('dX', dX, expectedX, batchNormInferenceBackward.terms(shape));
  const expectedGamma = differences(gamma, dY, (moved) => forward(x, moved, beta));
  checkGradient('dGamma', dGamma, expectedGamma, batchNormGradients.terms(shape));
  const expectedBeta = differences(beta, dY, (moved) => forward(x, gamma, moved));
  checkGradient('dBeta', dBeta, expectedBeta, batchNormGradients.terms(shape));
  expect(expectedX.every((value) => value !== 0)).toBe(true);
});

test('with a max pooling behind it, where no two elements tie', async () => {
  const pool = poolParams({ batch: 2, height: 5, width: 6, channels: 2, pool: [2, 3] });
  const params = { ...pool, epsilon };
  const image = distinct(2 * 5 * 6 * 2, 3);
  const dPooled = distinct(2 * pool.outHeight * pool.outWidth * 2, 4);
  const scale = gamma.slice(0, 2);
  const shift = beta.slice(0, 2);
  const empty = new Float64Array();
  const forward: Forward = (a, g, b) => {
    const inputs = { x: a, ...statistics(a, 2), gamma: g, beta: b, y: empty, winner: empty };
    return batchNormPool.reference(params, inputs).y as Float64Array;
  };
  const given = { x: image, ...statistics(image, 2), gamma: scale };
  const { winner } = await runKernel(gpu(), batchNormPool, params, { ...given, beta: shift });
  const pooled = { dY: dPooled, winner: winner as Float64Array };
  const sums = await runKernel(gpu(), batchNormPoolGradients, params, { ...given, ...pooled });
  const { dBeta, dGamma, coefficients } = sums as Record<'dBeta' | 'dGamma' | 'coefficients', Float64Array>;
  const { dX } = await runKernel(gpu(), batchNormPoolBackward, pool, { x: image, ...pooled, coefficients });
  const terms = 4 * 60 + 32;
  const expectedX = differences(image, dPooled, (moved) => forward(moved, scale, shift));
  checkGradient('dX', dX, expectedX, terms);
  const expectedGamma = differences(scale, dPooled, (moved) => forward(image, moved, shift));
  checkGradient('dGamma', dGamma, expectedGamma, terms);
  const expectedBeta = differences(shift, dPooled, (moved) => forward(image, scale, moved));
  checkGradient('dBeta', dBeta, expectedBeta, terms);
});
