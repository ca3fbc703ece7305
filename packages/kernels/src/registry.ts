/** Every kernel there is: what the tests check and the benchmarks time. */
import { batchNormBackward, batchNormGradientJoin, batchNormGradientSums } from './batchnorm/backward.js';
import { batchNormJoin, batchNormMoments, batchNormNormalize } from './batchnorm/forward.js';
import { batchNormPool, batchNormPoolBackward, batchNormPoolGradientSums } from './batchnorm/pooled.js';
import { conv2dBackwardData } from './conv2d/backward-data.js';
import { conv2dBackwardWeights, conv2dJoinWeights } from './conv2d/backward-weights.js';
import { conv2dForward } from './conv2d/forward.js';
import { denseBackwardData, denseBackwardWeights, denseForward } from './dense/dense.js';
import { dropout } from './dropout/dropout.js';
import { accumulate, add, relu, reluBackward, scale } from './elementwise/elementwise.js';
import { augment } from './gather/augment.js';
import { gather, scatter } from './gather/gather.js';
import { crossEntropyStep } from './loss/cross-entropy-step.js';
import { maxPoolBackward, maxPoolForward } from './maxpool/maxpool.js';
import { argmax, epochTotals } from './metrics/metrics.js';
import { adam } from './optimizer/adam.js';
import { advance } from './optimizer/advance.js';
import { l2Backward, l2Penalties, l2Penalty } from './optimizer/l2.js';
import { sgd, sgdMomentum } from './optimizer/sgd.js';
import { probeCopy, probeFma } from './probe/probe.js';
import { sum } from './reduce/sum.js';
import type { Kernel } from './runtime/kernel.js';
import { softmax, softmaxBackward, softmaxCrossEntropy, softmaxCrossEntropyBackward } from './softmax/softmax.js';

/** A kernel whose parameters' type has been forgotten: its own cases are what it may be called with. */
const erase = <P extends object, B extends string>(kernel: Kernel<P, B>): Kernel => kernel as unknown as Kernel;

export const registry: readonly Kernel[] = [
  erase(conv2dForward),
  erase(conv2dBackwardData),
  erase(conv2dBackwardWeights),
  erase(conv2dJoinWeights),
  erase(denseForward),
  erase(denseBackwardData),
  erase(denseBackwardWeights),
  erase(batchNormMoments),
  erase(batchNormJoin),
  erase(batchNormNormalize),
  erase(batchNormGradientSums),
  erase(batchNormGradientJoin),
  erase(batchNormBackward),
  erase(batchNormPool),
  erase(batchNormPoolGradientSums),
  erase(batchNormPoolBackward),
  erase(maxPoolForward),
  erase(maxPoolBackward),
  erase(relu),
  erase(reluBackward),
  erase(add),
  erase(accumulate),
  erase(scale),
  erase(sum),
  erase(softmax),
  erase(softmaxBackward),
  erase(softmaxCrossEntropy),
  erase(softmaxCrossEntropyBackward),
  erase(argmax),
  erase(epochTotals),
  erase(crossEntropyStep),
  erase(dropout),
  erase(advance),
  erase(adam),
  erase(sgd),
  erase(sgdMomentum),
  erase(l2Penalty),
  erase(l2Penalties),
  erase(l2Backward),
  erase(gather),
  erase(augment),
  erase(scatter),
  erase(probeFma),
  erase(probeCopy),
];
