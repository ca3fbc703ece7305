/**
 * The fused kernels against the single ones that they stand for, run one after the other on the device: the same numbers,
 * up to the rounding of sums that are taken in another order.
 */
import { expect, test } from 'vitest';
import { batchNormBackward, batchNormGradientJoin, batchNormGradientSums } from './batchnorm/backward.js';
import { batchNormNormalize } from './batchnorm/forward.js';
import { batchNormPool, batchNormPoolBackward, batchNormPoolGradientSums } from './batchnorm/pooled.js';
import { conv2dBackwardData } from './conv2d/backward-data.js';
import { conv2dBackwardWeights, conv2dJoinWeights } from './conv2d/backward-weights.js';
import { conv2dForward } from './conv2d/forward.js';
import { conv2dParams } from './conv2d/geometry.js';
import { dropout } from './dropout/dropout.js';
import { accumulate, relu, reluBackward } from './elementwise/elementwise.js';
import { crossEntropyStep } from './loss/cross-entropy-step.js';
import { maxPoolBackward, maxPoolForward, maxPoolParams } from './maxpool/maxpool.js';
import { epochTotals } from './metrics/metrics.js';
import { advance } from './optimizer/advance.js';
import { l2Backward, l2Penalties, l2Penalty } from './optimizer/l2.js';
import { sum } from './reduce/sum.js';
import type { Kernel } from './runtime/kernel.js';
import { softmaxCrossEntropy, softmaxCrossEntropyBackward } from './softmax/softmax.js';
import { expectClose, runKernel, sampleInputs, tolerance } from './testing/check.js';
import { useGpu } from './testing/device.js';

const gpu = useGpu();
const NONE = new Float64Array();

/** Runs a kernel; what it only writes need not be given. */
async function run<P extends object, B extends string>(
  kernel: Kernel<P, B>,
  params: P,
  inputs: Partial<Record<B, Float64Array>>,
): Promise<Record<B, Float64Array>> {
  const all = { ...Object.fromEntries(Object.keys(kernel.bindings).map((name) => [name, NONE])), ...inputs };
  return (await runKernel(gpu(), kernel, params, all as Record<B, Float64Array>)) as Record<B, Float64Array>;
}

const close = (label: string, got: Float64Array, want: Float64Array, terms: number): void =>
  expectClose(label, got, want, tolerance(want, terms));

const geometry = conv2dParams({ batch: 3, height: 9, width: 10, inChannels: 5, outChannels: 17, kernel: [3, 2] });

test('conv2d with relu and dropout', async () => {
  const rule = { rate: 0.25, seed: 9, layer: 4 };
  const params = { ...geometry, relu: true, dropout: rule };
  const inputs = sampleInputs(conv2dForward, params);
  const fused = await run(conv2dForward, params, inputs);
  const plain = await run(conv2dForward, { ...geometry, relu: false }, inputs);
  const { y: x } = await run(relu, { length: plain.y.length }, { x: plain.y });
  const dropped = await run(dropout, { ...rule, length: x.length, past: 0 }, { x, step: inputs.step });
  close('y', fused.y, dropped.y, 2);

  // Backward, both are one mask on the output.
  const dY = sampleInputs(reluBackward, { length: x.length, factor: 1 }).dY;
  const step = inputs.step.map((value) => value + 1);
  const back = await run(dropout, { ...rule, length: x.length, past: 1 }, { x: dY, step });
  const want = await run(reluBackward, { length: x.length, factor: 1 }, { y: x, dY: back.y });
  const got = await run(reluBackward, { length: x.length, factor: 4 / 3 }, { y: fused.y, dY });
  close('dX', got.dX, want.dX, 3);
});

test('conv2d backward data through the relu before it', async () => {
  const inputs = sampleInputs(conv2dBackwardData, { ...geometry, mask: 4 / 3 });
  const fused = await run(conv2dBackwardData, { ...geometry, mask: 4 / 3 }, inputs);
  const plain = await run(conv2dBackwardData, { ...geometry, mask: 0 }, inputs);
  const want = await run(reluBackward, { length: plain.dX.length, factor: 4 / 3 }, { y: inputs.x, dY: plain.dX });
  close('dX', fused.dX, want.dX, 2);
});

test('conv2d backward weights with the bias and an L2 penalty, whole and in parts', async () => {
  const whole = { ...geometry, splits: 1, decay: 0.02 };
  const inputs = sampleInputs(conv2dBackwardWeights, whole);
  const fused = await run(conv2dBackwardWeights, whole, inputs);
  const plain = await run(conv2dBackwardWeights, { ...whole, decay: 0 }, inputs);
  const weights = { weights: inputs.w, dPenalty: Float64Array.of(1) };
  const { dWeights } = await run(l2Backward, { length: inputs.w.length, factor: 0.01 }, weights);
  const { total } = await run(accumulate, { length: inputs.w.length }, { total: plain.dW, x: dWeights });
  close('dW', fused.dW, total, 4);
  const rows = inputs.dY.length / geometry.outChannels;
  const { y } = await run(sum, { outer: 1, length: rows, inner: 17, splits: 1, factor: 1 }, { x: inputs.dY });
  close('dBias', fused.dBias, y, rows);

  const split = { ...whole, splits: 4 };
  const parts = await run(conv2dBackwardWeights, split, inputs);
  const joined = await run(conv2dJoinWeights, split, { parts: parts.dW, biasParts: parts.dBias, w: inputs.w });
  close('joined dW', joined.dW, fused.dW, rows);
  close('joined dBias', joined.dBias, fused.dBias, rows);
});

test('batch norm with max pooling, both ways', async () => {
  const pool = maxPoolParams({ batch: 3, height: 9, width: 7, channels: 19, pool: [2, 2] });
  const epsilon = 1e-3;
  const rows = 3 * 9 * 7;
  const inputs = sampleInputs(batchNormPool, { ...pool, epsilon });
  const fused = await run(batchNormPool, { ...pool, epsilon }, inputs);
  const plain = await run(batchNormNormalize, { rows, channels: 19, epsilon }, inputs);
  const pooled = await run(maxPoolForward, pool, { x: plain.y });
  expect(fused.winner).toEqual(pooled.winner);
  expect(fused.y).toEqual(pooled.y);

  const { x, mean, variance, gamma } = inputs;
  const { winner } = pooled;
  const { dY } = sampleInputs(maxPoolBackward, pool);
  const join = { rows, channels: 19, epsilon };
  const sums = { x, mean, variance };
  const got = await run(batchNormPoolGradientSums, { ...pool, epsilon, splits: 4 }, { ...sums, dY, winner });
  const gotJoined = await run(batchNormGradientJoin, { ...join, splits: 4 }, { ...sums, gamma, sums: got.sums });
  const spread = await run(maxPoolBackward, pool, { dY, winner });
  const want = await run(batchNormGradientSums, { ...join, splits: 5 }, { ...sums, dY: spread.dX });
  const wantJoined = await run(batchNormGradientJoin, { ...join, splits: 5 }, { ...sums, gamma, sums: want.sums });
  close('dBeta', gotJoined.dBeta, wantJoined.dBeta, rows);
  close('dGamma', gotJoined.dGamma, wantJoined.dGamma, rows);

  const { coefficients } = wantJoined;
  const gradient = await run(batchNormPoolBackward, { ...pool, mask: 1 }, { x, dY, winner, coefficients });
  const single = { x, dY: spread.dX, coefficients };
  const unmasked = await run(batchNormBackward, { rows, channels: 19, mask: 0 }, single);
  const masked = await run(reluBackward, { length: x.length, factor: 1 }, { y: x, dY: unmasked.dX });
  close('dX', gradient.dX, masked.dX, 2);
});

test('the loss of a step', async () => {
  const shape = { rows: 33, classes: 7 };
  const betas = { beta1: 0.9, beta2: 0.999 };
  const stretches = [{ offset: 64, length: 500, factor: 0.01 }];
  const weights = sampleInputs(l2Penalties, { stretches, parts: 3 }).weights;
  const { parts } = await run(l2Penalties, { stretches, parts: 3 }, { weights });
  const { penalty } = await run(l2Penalty, { length: 500, factor: 0.01 }, { weights: weights.slice(64, 564) });
  const inputs = sampleInputs(crossEntropyStep, { ...shape, ...betas, penalties: 3 });
  const fused = await run(crossEntropyStep, { ...shape, ...betas, penalties: 3 }, { ...inputs, penalties: parts });

  const { logits, labels, counters, corrections } = inputs;
  const { losses } = await run(softmaxCrossEntropy, shape, { logits, labels });
  const mean = { outer: 1, length: 33, inner: 1, splits: 1, factor: 1 / 33 };
  const { y } = await run(sum, mean, { x: losses });
  const loss = y.map((value) => value + (penalty[0] as number));
  close('loss', fused.loss, loss, 33 + 500);
  const dLoss = Float64Array.of(1);
  const gradient = await run(softmaxCrossEntropyBackward, { ...shape, share: 1 / 33 }, { logits, labels, dLoss });
  close('dLogits', fused.dLogits, gradient.dLogits, 2);
  const totals = await run(epochTotals, shape, { scores: logits, labels, loss, totals: inputs.totals });
  close('totals', fused.totals, totals.totals, 33 + 500);
  const next = await run(advance, betas, { counters, corrections });
  expect(fused.counters).toEqual(next.counters);
  expect(fused.corrections).toEqual(next.corrections);
});
