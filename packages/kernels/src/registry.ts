/** Every kernel there is: what the tests check and the benchmarks time. */
import { activationBackward, activationForward } from './activation/activation.js';
import { batchNormBackward, batchNormGradients, batchNormInferenceBackward } from './batchnorm/backward.js';
import { batchNormNormalize, batchNormStatistics } from './batchnorm/forward.js';
import { batchNormPoolBackward, batchNormPoolGradients } from './batchnorm/pool-backward.js';
import { batchNormPool } from './batchnorm/pool-forward.js';
import { batchNormPoolWholeBackward, batchNormWholeBackward } from './batchnorm/whole-backward.js';
import { batchNormPoolWholeForward, batchNormWholeForward } from './batchnorm/whole-forward.js';
import { concatChannels, sliceChannels } from './channels/concat.js';
import { repeatChannel, repeatChannelBackward } from './channels/repeat.js';
import { reverseChannels } from './channels/reverse.js';
import { conv2dBackwardData } from './conv2d/backward-data/index.js';
import { conv2dBackwardWeights } from './conv2d/backward-weights/index.js';
import { conv2dForward } from './conv2d/forward/index.js';
import { denseBackwardData, denseBackwardWeights, denseForward } from './dense/dense.js';
import { depthwiseBackwardData } from './depthwise/backward-data/index.js';
import { depthwiseBackwardWeights } from './depthwise/backward-weights/index.js';
import { depthwiseForward } from './depthwise/forward/index.js';
import { dropout } from './dropout/dropout.js';
import { spatialDropout } from './dropout/spatial.js';
import { accumulate, add, affine, relu, reluBackward, scale } from './elementwise/elementwise.js';
import { multiply } from './elementwise/multiply.js';
import { countClamped } from './finite/clamped.js';
import { countNotFinite } from './finite/count.js';
import { augment } from './gather/augment.js';
import { gather } from './gather/gather.js';
import { gatherRows } from './gather/rows.js';
import { layerNormBackward, layerNormGradients } from './layernorm/backward.js';
import { layerNorm } from './layernorm/forward.js';
import { addPenalties } from './loss/add-penalties.js';
import {
  absoluteError,
  binaryCrossEntropy,
  binaryCrossEntropyBackward,
  squaredError,
  squaredErrorBackward,
} from './loss/by-element.js';
import { crossEntropyStep } from './loss/cross-entropy-step.js';
import { addRows, classCounts, equalRows, thresholdCounts, topKRows } from './metrics/counts.js';
import { lossTotal } from './metrics/loss-total.js';
import { argmax, epochTotals } from './metrics/metrics.js';
import { gaussianNoise } from './noise/gaussian.js';
import { adam, adamCorrections } from './optimizer/adam.js';
import { advance } from './optimizer/advance.js';
import { average } from './optimizer/average.js';
import { nadam, nadamCorrections } from './optimizer/nadam.js';
import { penaltyBackward, weightPenalties } from './optimizer/penalties.js';
import { rmsprop } from './optimizer/rmsprop.js';
import { schedule } from './optimizer/schedule.js';
import { sgd, sgdMomentum } from './optimizer/sgd.js';
import { squaredNorms } from './optimizer/squared-norms.js';
import { zeroPad, zeroPadBackward } from './pad/pad.js';
import { averagePool, averagePoolBackward } from './pooling/average.js';
import { maxPoolBackward, maxPoolForward } from './pooling/max.js';
import { probeCopy, probeFma } from './probe/probe.js';
import { sum } from './reduce/sum.js';
import { resizeBilinear, resizeBilinearBackward } from './resize/bilinear.js';
import { resizeNearest, resizeNearestBackward } from './resize/nearest.js';
import type { Kernel } from './runtime/kernel.js';
import { softCrossEntropy, softCrossEntropyBackward } from './softmax/soft-targets.js';
import { softmax, softmaxBackward, softmaxCrossEntropy, softmaxCrossEntropyBackward } from './softmax/softmax.js';

export const registry: readonly Kernel[] = [
  conv2dForward,
  conv2dBackwardData,
  conv2dBackwardWeights,
  depthwiseForward,
  depthwiseBackwardData,
  depthwiseBackwardWeights,
  denseForward,
  denseBackwardData,
  denseBackwardWeights,
  batchNormStatistics,
  batchNormNormalize,
  batchNormGradients,
  batchNormBackward,
  batchNormInferenceBackward,
  batchNormPool,
  batchNormPoolGradients,
  batchNormPoolBackward,
  batchNormWholeForward,
  batchNormPoolWholeForward,
  batchNormWholeBackward,
  batchNormPoolWholeBackward,
  layerNorm,
  layerNormBackward,
  layerNormGradients,
  maxPoolForward,
  maxPoolBackward,
  averagePool,
  averagePoolBackward,
  zeroPad,
  zeroPadBackward,
  resizeBilinear,
  resizeBilinearBackward,
  resizeNearest,
  resizeNearestBackward,
  concatChannels,
  sliceChannels,
  repeatChannel,
  repeatChannelBackward,
  reverseChannels,
  relu,
  reluBackward,
  activationForward,
  activationBackward,
  add,
  accumulate,
  scale,
  affine,
  multiply,
  sum,
  softmax,
  softmaxBackward,
  softmaxCrossEntropy,
  softmaxCrossEntropyBackward,
  softCrossEntropy,
  softCrossEntropyBackward,
  binaryCrossEntropy,
  binaryCrossEntropyBackward,
  squaredError,
  squaredErrorBackward,
  absoluteError,
  argmax,
  epochTotals,
  lossTotal,
  equalRows,
  topKRows,
  addRows,
  classCounts,
  thresholdCounts,
  addPenalties,
  crossEntropyStep,
  dropout,
  spatialDropout,
  gaussianNoise,
  advance,
  countClamped,
  countNotFinite,
  adam,
  adamCorrections,
  sgd,
  sgdMomentum,
  weightPenalties,
  penaltyBackward,
  rmsprop,
  nadam,
  nadamCorrections,
  squaredNorms,
  average,
  schedule,
  gather,
  gatherRows,
  augment,
  probeFma,
  probeCopy,
];
