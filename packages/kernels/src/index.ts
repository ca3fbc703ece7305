/**
 * The WGSL kernels with their CPU references, and the device that they run on. Knows no layer and no file.
 *
 * @module kernels
 */
export { batchNormBackward, batchNormGradientJoin, batchNormGradientSums } from './batchnorm/backward.js';
export { batchNormJoin, batchNormMoments, batchNormNormalize } from './batchnorm/forward.js';
export {
  batchNormPool,
  batchNormPoolBackward,
  batchNormPoolGradientSums,
  poolGradientSplits,
} from './batchnorm/pooled.js';
export {
  type BatchNormJoinParams,
  type BatchNormParams,
  batchNormSplits,
  type NormalizeParams,
} from './batchnorm/shapes.js';
export { conv2dBackwardData } from './conv2d/backward-data.js';
export {
  type Conv2dBackwardWeightsParams,
  conv2dBackwardWeights,
  conv2dJoinWeights,
  weightSplits,
} from './conv2d/backward-weights.js';
export { type Conv2dForwardParams, conv2dForward } from './conv2d/forward.js';
export { type Conv2dParams, conv2dParams, type Padding, windowAxis } from './conv2d/geometry.js';
export { isSoftware } from './conv2d/variants.js';
export {
  type DenseForwardParams,
  type DenseParams,
  denseBackwardData,
  denseBackwardWeights,
  denseForward,
} from './dense/dense.js';
export { type DropoutParams, dropout } from './dropout/dropout.js';
export type { DropoutRule } from './dropout/rule.js';
export { accumulate, add, relu, reluBackward, scale } from './elementwise/elementwise.js';
export type { Epilogue, Mask, Rectifier } from './epilogue/epilogue.js';
export { type Augmentation, type AugmentParams, augment, FILL_MODES } from './gather/augment.js';
export { type GatherParams, gather, type ScatterParams, scatter } from './gather/gather.js';
export { crossEntropyStep } from './loss/cross-entropy-step.js';
export { type MaxPoolParams, maxPoolBackward, maxPoolForward, maxPoolParams } from './maxpool/maxpool.js';
export { argmax, epochTotals } from './metrics/metrics.js';
export { adam } from './optimizer/adam.js';
export { advance } from './optimizer/advance.js';
export { l2Backward, l2Parts, l2Penalties, l2Penalty } from './optimizer/l2.js';
export { sgd, sgdMomentum } from './optimizer/sgd.js';
export { probeCopy, probeFma } from './probe/probe.js';
export { type SumParams, sum } from './reduce/sum.js';
export { registry } from './registry.js';
export { Compiler, type StageProgram, type VariantProgram } from './runtime/compiler.js';
export { Gpu } from './runtime/device.js';
export type { Dispatch } from './runtime/dispatch.js';
export { Eager } from './runtime/eager.js';
export { DeviceError, KernelError } from './runtime/errors.js';
export type { Executor } from './runtime/executor.js';
export {
  type Binding,
  type Cost,
  defineKernel,
  type Grid,
  type Kernel,
  type Traits,
  type Variant,
} from './runtime/kernel.js';
export { type Lifetime, type Plan, planMemory } from './runtime/plan.js';
export { Recorder } from './runtime/recorder.js';
export { type DispatchTime, type MemoryUse, Recording } from './runtime/recording.js';
export { ReferenceExecutor } from './runtime/reference-executor.js';
export { SLICE_ALIGNMENT, Storage, type StorageType } from './runtime/storage.js';
export { type Choices, choiceKey, Tuner } from './runtime/tuner.js';
export { constants, flatGrid, flatRow } from './runtime/wgsl.js';
export {
  softmax,
  softmaxBackward,
  softmaxCrossEntropy,
  softmaxCrossEntropyBackward,
} from './softmax/softmax.js';
