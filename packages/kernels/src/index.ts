/**
 * The WGSL kernels with their CPU references, and the device that they run on. Knows no layer and no file.
 *
 * @module kernels
 */
export { activationBackward, activationForward } from './activation/activation.js';
export type { Activation } from './activation/functions.js';
export { batchNormBackward, batchNormGradients, batchNormInferenceBackward } from './batchnorm/backward.js';
export { batchNormNormalize, batchNormStatistics } from './batchnorm/forward.js';
export { batchNormPoolBackward, batchNormPoolGradients } from './batchnorm/pool-backward.js';
export { batchNormPool } from './batchnorm/pool-forward.js';
export { type ConcatParams, concatChannels, type SliceParams, sliceChannels } from './channels/concat.js';
export { type RepeatParams, repeatChannel, repeatChannelBackward } from './channels/repeat.js';
export { type ReverseParams, reverseChannels } from './channels/reverse.js';
export { conv2dBackwardData } from './conv2d/backward-data/index.js';
export { conv2dBackwardWeights } from './conv2d/backward-weights/index.js';
export { conv2dForward } from './conv2d/forward/index.js';
export { type Conv2dParams, conv2dParams } from './conv2d/geometry.js';
export {
  type DenseForwardParams,
  type DenseParams,
  denseBackwardData,
  denseBackwardWeights,
  denseForward,
} from './dense/dense.js';
export { depthwiseBackwardData } from './depthwise/backward-data/index.js';
export { depthwiseBackwardWeights } from './depthwise/backward-weights/index.js';
export { depthwiseForward } from './depthwise/forward/index.js';
export { type DepthwiseParams, depthwiseParams } from './depthwise/geometry.js';
export { type DropoutParams, dropout } from './dropout/dropout.js';
export type { DropoutRule } from './dropout/rule.js';
export { type SpatialDropoutParams, spatialDropout } from './dropout/spatial.js';
export { accumulate, add, affine, relu, reluBackward, scale } from './elementwise/elementwise.js';
export { type MultiplyParams, multiply } from './elementwise/multiply.js';
export type { Epilogue, Mask, Rectifier } from './epilogue/epilogue.js';
export { countClamped } from './finite/clamped.js';
export { countNotFinite, type NotFinite, notFiniteOf } from './finite/count.js';
export { COUNTER, COUNTERS } from './finite/faults.js';
export { type FusionContext, fuse } from './fusion/fuse.js';
export { type DispatchOf, isOf, Program, type Rewrite, replace } from './fusion/program.js';
export type { CaseBuilder, Rule, RuleCase } from './fusion/rule.js';
export { RULES } from './fusion/rules.js';
export { augment } from './gather/augment.js';
export { type Augmentation, type AugmentParams, FILL_MODES } from './gather/augmentation.js';
export { type GatherParams, gather } from './gather/gather.js';
export { type GatherRowsParams, gatherRows } from './gather/rows.js';
export { layerNormBackward, layerNormGradients } from './layernorm/backward.js';
export { layerNorm } from './layernorm/forward.js';
export type { LayerNormParams } from './layernorm/shapes.js';
export { addPenalties } from './loss/add-penalties.js';
export {
  absoluteError,
  type BinaryParams,
  binaryCrossEntropy,
  binaryCrossEntropyBackward,
  type OutputsParams,
  squaredError,
  squaredErrorBackward,
  type WithShare,
} from './loss/by-element.js';
export { type CrossEntropyStepParams, crossEntropyStep } from './loss/cross-entropy-step.js';
export {
  addRows,
  CLASS_SUMS,
  classCounts,
  equalRows,
  type RowCountParams,
  type ThresholdParams,
  type TopKParams,
  thresholdCounts,
  topKRows,
} from './metrics/counts.js';
export { lossTotal } from './metrics/loss-total.js';
export { argmax, epochTotals } from './metrics/metrics.js';
export { type GaussianNoiseParams, gaussianNoise } from './noise/gaussian.js';
export { adam, adamCorrections } from './optimizer/adam.js';
export { advance } from './optimizer/advance.js';
export { average } from './optimizer/average.js';
export { nadam, nadamCorrections } from './optimizer/nadam.js';
export { penaltyBackward, penaltyParts, weightPenalties } from './optimizer/penalties.js';
export { rmsprop } from './optimizer/rmsprop.js';
export { rateAt, type Stretch, schedule } from './optimizer/schedule.js';
export { sgd, sgdMomentum } from './optimizer/sgd.js';
export { normParts, squaredNorms } from './optimizer/squared-norms.js';
export { BLOCK, type Clip, type UpdateParams } from './optimizer/update.js';
export { type PadParams, zeroPad, zeroPadBackward } from './pad/pad.js';
export { averagePool, averagePoolBackward } from './pooling/average.js';
export { type PoolParams, poolParams } from './pooling/geometry.js';
export { maxPoolBackward, maxPoolForward } from './pooling/max.js';
export { probeCopy, probeFma } from './probe/probe.js';
export { type SumParams, sum } from './reduce/sum.js';
export { registry } from './registry.js';
export { resizeBilinear, resizeBilinearBackward } from './resize/bilinear.js';
export { resizeNearest, resizeNearestBackward } from './resize/nearest.js';
export type { ResizeParams } from './resize/params.js';
export { type Choices, type Chooser, choiceKey, type VariantRequest } from './runtime/chooser.js';
export type { Compiler, StageProgram, VariantProgram } from './runtime/compiler.js';
export { Gpu } from './runtime/device.js';
export { type Dispatch, storageTypes } from './runtime/dispatch.js';
export { Eager } from './runtime/eager.js';
export { DeviceError, DeviceLostError, DeviceMemoryError, KernelError, type MemoryNeed } from './runtime/errors.js';
export type { Executor } from './runtime/executor.js';
export {
  type Binding,
  type Cost,
  defineKernel,
  EPSILON,
  type Grid,
  type Kernel,
  type Traits,
  type Variant,
} from './runtime/kernel.js';
export { type Piece, pieceOf, piecesOf, rowsAtOnce, within } from './runtime/pieces.js';
export { type Lifetime, type Plan, planMemory } from './runtime/plan.js';
export { Readback } from './runtime/readback.js';
export { Recorder, type RecorderOptions } from './runtime/recorder.js';
export type {
  DispatchInfo,
  DispatchTime,
  MemoryUse,
  PlannedTemporary,
  Recording,
  TimedDispatch,
} from './runtime/recording.js';
export { ReferenceExecutor } from './runtime/reference-executor.js';
export { SLICE_ALIGNMENT, Storage, type StorageType } from './runtime/storage.js';
export type { Subgroups } from './runtime/subgroups.js';
export { Tuner } from './runtime/tuner.js';
export { constants, flatGrid, flatRow } from './runtime/wgsl.js';
export type { RowLossParams, RowsParams } from './softmax/row-loss.js';
export { softCrossEntropy, softCrossEntropyBackward } from './softmax/soft-targets.js';
export {
  softmax,
  softmaxBackward,
  softmaxCrossEntropy,
  softmaxCrossEntropyBackward,
} from './softmax/softmax.js';
export { type Padding, windowAxis } from './window/geometry.js';
