/**
 * Tensors, autograd, layers, losses, optimizers, callbacks and models, for any WebGPU device, in Node or in a browser.
 *
 * @module nn
 */
export { defineOperation, type GradientContext, type Operation } from './autograd/operation.js';
export { Tape } from './autograd/tape.js';
export { formatShape, type Shape, sizeOf, Tensor } from './autograd/tensor.js';
export {
  type Callback,
  type CallbackState,
  History,
  isMaximized,
  type Logs,
  type ProgressPhase,
  watched,
} from './callbacks/callback.js';
export { EarlyStopping, type EarlyStoppingOptions } from './callbacks/early-stopping.js';
export {
  LearningRateScheduler,
  ReduceLROnPlateau,
  type ReduceLROnPlateauOptions,
  TerminateOnNaN,
} from './callbacks/learning-rate.js';
export { FormatError, ModelError, ShapeError } from './errors.js';
export { Activation, type ActivationName, type ActivationOptions } from './layers/activation.js';
export { BatchNormalization, type BatchNormalizationOptions } from './layers/batch-normalization.js';
export { Conv2D, type Conv2DOptions } from './layers/conv2d.js';
export { Dense, type DenseOptions } from './layers/dense.js';
export { Dropout, type DropoutOptions } from './layers/dropout.js';
export { Flatten } from './layers/flatten.js';
export { type Initializer, initialValues } from './layers/initializers.js';
export { type CallContext, type L2Regularizer, Layer, type LayerOptions, l2, type WeightSpec } from './layers/layer.js';
export { MaxPooling2D, type MaxPooling2DOptions } from './layers/max-pooling-2d.js';
export { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './model/checkpoint.js';
export { DeviceData, type Samples } from './model/device-data.js';
export { type Loss, sparseCategoricalCrossentropy } from './model/losses.js';
export { ModelMemory, type Slot } from './model/memory.js';
export { Predictor } from './model/predictor.js';
export { evaluateStep, type ProgramModel, predictStep, type StepResult, trainStep } from './model/programs.js';
export { stepsInSubmit } from './model/runner.js';
export { decodeSafetensors, type Element, encodeSafetensors, type TensorEntry } from './model/safetensors.js';
export {
  decodeWeights,
  describeModel,
  encodeWeights,
  type ModelDescription,
  modelFromDescription,
} from './model/saving.js';
export {
  type CompileOptions,
  type Evaluation,
  type FitOptions,
  type ModelState,
  Sequential,
  type SequentialOptions,
  type WeightSnapshot,
  type WeightValues,
} from './model/sequential.js';
export { countParameters } from './model/summary.js';
export {
  Adam,
  type AdamOptions,
  type Optimizer,
  type OptimizerState,
  SGD,
  type SGDOptions,
} from './optimizers/optimizers.js';
