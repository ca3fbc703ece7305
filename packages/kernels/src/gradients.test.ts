/**
 * Gradients against finite differences. For a scalar L = Σ dY · f(x), a kernel's gradient must be
 * (L(x + h) − L(x − h)) / 2h, with f the reference in float64: the forward formula alone decides, not a second one that
 * somebody derived.
 */
import { describe, expect, test } from 'vitest';
import { batchNormBackward, batchNormGradientJoin, batchNormGradientSums } from './batchnorm/backward.js';
import { batchNormPool, batchNormPoolBackward, batchNormPoolGradientSums } from './batchnorm/pooled.js';
import { normalize, statistics } from './batchnorm/reference.js';
import { conv2dBackwardData } from './conv2d/backward-data.js';
import { conv2dBackwardWeights } from './conv2d/backward-weights.js';
import { conv2dForward } from './conv2d/forward.js';
import { conv2dParams } from './conv2d/geometry.js';
import { denseBackwardData, denseBackwardWeights, denseForward } from './dense/dense.js';
import { reluBackward } from './elementwise/elementwise.js';
import { crossEntropyStep } from './loss/cross-entropy-step.js';
import { maxPoolBackward, maxPoolForward, maxPoolParams } from './maxpool/maxpool.js';
import { l2Backward, l2Penalty } from './optimizer/l2.js';
import { crossEntropy, softmax } from './softmax/reference.js';
import { softmaxBackward, softmaxCrossEntropyBackward } from './softmax/softmax.js';
import { EPSILON, expectClose, runKernel, sampleInputs } from './testing/check.js';
import { useGpu } from './testing/device.js';

const gpu = useGpu();
/** Central differences of float64 lose about h² to curvature and 1e-16 / h to rounding. */
const H = 1e-5;
const DIFFERENCE_ERROR = 1e-7;

/** The gradient of L = Σ dY · f(x) for x, by differences. */
function differences(x: Float64Array, dY: Float64Array, f: (x: Float64Array) => Float64Array): Float64Array {
  const loss = (values: Float64Array): number => f(values).reduce((sum, y, i) => sum + y * (dY[i] as number), 0);
  return x.map((value, i) => {
    const moved = x.slice();
    moved[i] = value + H;
    const above = loss(moved);
    moved[i] = value - H;
    return (above - loss(moved)) / (2 * H);
  });
}

/** Rounding of a sum of `terms` float32 numbers, and what the differences lose. */
function check(label: string, got: Float64Array | undefined, want: Float64Array, terms: number): void {
  const largest = want.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  if (!got) throw new Error(`${label} was not written`);
  expectClose(label, got, want, largest * (terms * EPSILON + DIFFERENCE_ERROR));
}

const normal = (length: number, seed: number): Float64Array =>
  Float64Array.from({ length }, (_, i) => Math.fround(Math.sin(12.9898 * (i + 1) + 78.233 * seed) * 1.7));

describe('conv2d', () => {
  test.each([
    conv2dParams({ batch: 2, height: 5, width: 6, inChannels: 3, outChannels: 4, kernel: [3, 2] }),
    conv2dParams({
      batch: 1,
      height: 6,
      width: 5,
      inChannels: 2,
      outChannels: 3,
      kernel: [3, 3],
      stride: [2, 2],
      padding: 'same',
    }),
  ])('%j', async (params) => {
    const { x, w, bias } = sampleInputs(conv2dForward, { ...params, relu: false });
    const { dY } = sampleInputs(conv2dBackwardData, { ...params, mask: 0 });
    const forward = (from: { x?: Float64Array; w?: Float64Array; bias?: Float64Array }): Float64Array =>
      conv2dForward.reference({ ...params, relu: false }, { x, w, bias, step: x, y: x, ...from }).y as Float64Array;
    const empty = new Float64Array();
    const dataParams = { ...params, mask: 0 };
    const { dX } = await runKernel(gpu(), conv2dBackwardData, dataParams, { dY, w, x, dX: empty });
    check(
      'dX',
      dX,
      differences(x, dY, (moved) => forward({ x: moved })),
      conv2dBackwardData.terms(dataParams),
    );
    const one = { ...params, splits: 1, decay: 0 };
    const inputs = { x, dY, w, dW: empty, dBias: empty };
    const { dW, dBias } = await runKernel(gpu(), conv2dBackwardWeights, one, inputs);
    check(
      'dW',
      dW,
      differences(w, dY, (moved) => forward({ w: moved })),
      conv2dBackwardWeights.terms(one),
    );
    check(
      'dBias',
      dBias,
      differences(bias, dY, (moved) => forward({ bias: moved })),
      conv2dBackwardWeights.terms(one),
    );
  });
});

test('dense', async () => {
  const params = { batch: 3, inFeatures: 7, outFeatures: 5 };
  const { x, w, bias } = sampleInputs(denseForward, { ...params, relu: false });
  const { dY } = sampleInputs(denseBackwardData, { ...params, mask: 0 });
  const forward = (from: { x?: Float64Array; w?: Float64Array; bias?: Float64Array }): Float64Array =>
    denseForward.reference({ ...params, relu: false }, { x, w, bias, step: x, y: x, ...from }).y as Float64Array;
  const { dX } = await runKernel(gpu(), denseBackwardData, { ...params, mask: 0 }, { dY, w, x, dX: x });
  check(
    'dX',
    dX,
    differences(x, dY, (moved) => forward({ x: moved })),
    params.outFeatures,
  );
  const inputs = { x, dY, w, dW: x, dBias: x };
  const { dW, dBias } = await runKernel(gpu(), denseBackwardWeights, { ...params, decay: 0 }, inputs);
  check(
    'dW',
    dW,
    differences(w, dY, (moved) => forward({ w: moved })),
    params.batch,
  );
  check(
    'dBias',
    dBias,
    differences(bias, dY, (moved) => forward({ bias: moved })),
    params.batch,
  );
});

test('batch norm, through the statistics of the batch', async () => {
  const [rows, channels, splits, epsilon] = [11, 3, 4, 1e-3];
  const x = normal(rows * channels, 1);
  const dY = normal(rows * channels, 2);
  const gamma = Float64Array.of(0.5, -1.25, 2);
  const beta = Float64Array.of(0.25, 0, -1);
  const { mean, variance } = statistics(x, channels);
  const shared = { x, dY, mean, variance };
  const shape = { rows, channels, splits };
  const { sums } = await runKernel(gpu(), batchNormGradientSums, { ...shape, epsilon }, { ...shared, sums: x });
  const joinInputs = { sums: sums as Float64Array, mean, variance, gamma, dBeta: x, dGamma: x, coefficients: x };
  const joined = await runKernel(gpu(), batchNormGradientJoin, { ...shape, epsilon }, joinInputs);
  const { dBeta, dGamma, coefficients } = joined as Record<'dBeta' | 'dGamma' | 'coefficients', Float64Array>;
  const bindings = { x, dY, coefficients, dX: x };
  const { dX } = await runKernel(gpu(), batchNormBackward, { rows, channels, mask: 0 }, bindings);
  const forward = (a: Float64Array, g: Float64Array, b: Float64Array) =>
    normalize(a, statistics(a, channels), g, b, epsilon);
  // The device's statistics are rounded to float32 too: that moves the gradients by as many roundings again.
  const terms = 4 * rows + 32;
  check(
    'dX',
    dX,
    differences(x, dY, (moved) => forward(moved, gamma, beta)),
    terms,
  );
  check(
    'dGamma',
    dGamma,
    differences(gamma, dY, (moved) => forward(x, moved, beta)),
    terms,
  );
  check(
    'dBeta',
    dBeta,
    differences(beta, dY, (moved) => forward(x, gamma, moved)),
    terms,
  );
});

test('max pool, where no two elements tie', async () => {
  const params = maxPoolParams({ batch: 2, height: 5, width: 6, channels: 2, pool: [3, 2], stride: [2, 1] });
  const x = normal(2 * 5 * 6 * 2, 3);
  const dY = normal(2 * params.outHeight * params.outWidth * 2, 4);
  const { winner } = await runKernel(gpu(), maxPoolForward, params, { x, y: x, winner: x });
  const { dX } = await runKernel(gpu(), maxPoolBackward, params, { dY, winner: winner as Float64Array, dX: x });
  const forward = (moved: Float64Array): Float64Array =>
    maxPoolForward.reference(params, { x: moved, y: x, winner: x }).y as Float64Array;
  check('dX', dX, differences(x, dY, forward), 4);
});

test('batch norm with max pool behind it, where no two elements tie', async () => {
  const pool = maxPoolParams({ batch: 2, height: 5, width: 6, channels: 2, pool: [2, 3] });
  const epsilon = 1e-3;
  const x = normal(2 * 5 * 6 * 2, 3);
  const dY = normal(2 * pool.outHeight * pool.outWidth * 2, 4);
  const gamma = Float64Array.of(0.5, -1.25);
  const beta = Float64Array.of(0.25, -1);
  const forward = (a: Float64Array, g: Float64Array, b: Float64Array): Float64Array => {
    const inputs = { x: a, ...statistics(a, 2), gamma: g, beta: b, y: a, winner: a };
    return batchNormPool.reference({ ...pool, epsilon }, inputs).y as Float64Array;
  };
  const { mean, variance } = statistics(x, 2);
  const inputs = { x, mean, variance, gamma, beta, y: x, winner: x };
  const winner = (await runKernel(gpu(), batchNormPool, { ...pool, epsilon }, inputs))['winner'] as Float64Array;
  const params = { ...pool, epsilon, splits: 3 };
  const { sums } = await runKernel(gpu(), batchNormPoolGradientSums, params, {
    x,
    dY,
    winner,
    mean,
    variance,
    sums: x,
  });
  const joined = await runKernel(
    gpu(),
    batchNormGradientJoin,
    { rows: 60, channels: 2, splits: 3, epsilon },
    { sums: sums as Float64Array, mean, variance, gamma, dBeta: x, dGamma: x, coefficients: x },
  );
  const coefficients = joined['coefficients'] as Float64Array;
  const { dX } = await runKernel(
    gpu(),
    batchNormPoolBackward,
    { ...pool, mask: 0 },
    { x, dY, winner, coefficients, dX: x },
  );
  const terms = 4 * 60 + 32;
  check(
    'dX',
    dX,
    differences(x, dY, (moved) => forward(moved, gamma, beta)),
    terms,
  );
  check(
    'dGamma',
    joined['dGamma'],
    differences(gamma, dY, (moved) => forward(x, moved, beta)),
    terms,
  );
  check(
    'dBeta',
    joined['dBeta'],
    differences(beta, dY, (moved) => forward(x, gamma, moved)),
    terms,
  );
});

test('the loss of a step', async () => {
  const params = { rows: 4, classes: 5, penalties: 2, beta1: 0, beta2: 0 };
  const logits = normal(20, 7);
  const labels = Float64Array.of(0, 4, 2, 2);
  const penalties = Float64Array.of(0.5, 0.25);
  const pair = new Float64Array(2);
  const inputs = {
    logits,
    labels,
    penalties,
    loss: pair,
    dLogits: logits,
    totals: new Float64Array(3),
    counters: pair,
    corrections: pair,
  };
  const { dLogits } = await runKernel(gpu(), crossEntropyStep, params, inputs);
  const forward = (moved: Float64Array): Float64Array =>
    crossEntropyStep.reference(params, { ...inputs, logits: moved }).loss as Float64Array;
  check('dLogits', dLogits, differences(logits, Float64Array.of(1), forward), crossEntropyStep.terms(params));
});

test('relu, away from its corner', async () => {
  const x = normal(64, 5);
  const dY = normal(64, 6);
  const y = x.map((value) => Math.max(value, 0));
  const { dX } = await runKernel(gpu(), reluBackward, { length: 64, factor: 1 }, { y, dY, dX: x });
  check(
    'dX',
    dX,
    differences(x, dY, (moved) => moved.map((value) => Math.max(value, 0))),
    1,
  );
});

test('softmax and its cross-entropy', async () => {
  const params = { rows: 4, classes: 5 };
  const logits = normal(20, 7);
  const labels = Float64Array.of(0, 4, 2, 2);
  const dY = normal(20, 8);
  const y = softmax(logits, 5);
  const { dLogits } = await runKernel(gpu(), softmaxBackward, params, { y, dY, dLogits: y });
  check(
    'softmax',
    dLogits,
    differences(logits, dY, (moved) => softmax(moved, 5)),
    params.classes + 2,
  );
  const dLoss = Float64Array.of(0.75);
  const share = 1 / params.rows;
  const inputs = { logits, labels, dLoss, dLogits: y };
  const got = await runKernel(gpu(), softmaxCrossEntropyBackward, { ...params, share }, inputs);
  const spread = new Float64Array(params.rows).fill(0.75 * share);
  const want = differences(logits, spread, (moved) => crossEntropy(moved, labels, 5));
  check('cross-entropy', got['dLogits'], want, softmaxCrossEntropyBackward.terms({ ...params, share }));
});

test('the l2 penalty', async () => {
  const params = { length: 33, factor: 0.01 };
  const weights = normal(33, 9);
  const dPenalty = Float64Array.of(1.5);
  const { dWeights } = await runKernel(gpu(), l2Backward, params, { weights, dPenalty, dWeights: weights });
  const forward = (moved: Float64Array): Float64Array =>
    l2Penalty.reference(params, { weights: moved, penalty: moved }).penalty as Float64Array;
  check('dWeights', dWeights, differences(weights, dPenalty, forward), 3);
  expect(Array.from(dWeights as Float64Array).some((value) => value !== 0)).toBe(true);
});
