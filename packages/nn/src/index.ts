/**
 * Models as graphs of layers, autograd, losses, optimizers, callbacks and training, for any WebGPU device, in Node or
 * in a browser.
 *
 * @module nn
 */
export type { ApplicationOptions } from './applications/application.js';
export { type MobileNetV2Options, mobileNetV2, preprocessMobileNetV2 } from './applications/mobilenet-v2.js';
export {
  NOTEBOOK_WIDTHS,
  type NotebookOptions,
  type NotebookWidths,
  notebookCnn,
} from './applications/notebook-cnn.js';
export { preprocessVgg16, type Vgg16Options, vgg16 } from './applications/vgg16.js';
export {
  defineOperation,
  type Gradient,
  type GradientContext,
  type Operation,
  type Workspace,
} from './autograd/operation.js';
export { Tape } from './autograd/tape.js';
export { formatShape, type Shape, type Source, sizeOf, Tensor } from './autograd/tensor.js';
export { Batches, type BatchesOptions, type Fault } from './engine/batches.js';
export { type ChannelMoments, channelMoments } from './engine/channel-moments.js';
export { balancedClassWeight, type ClassWeight } from './engine/class-weight.js';
export { checkedMetrics } from './engine/compiled.js';
export { DataCache, DeviceData, type PixelScale, type Samples } from './engine/device-data.js';
export type { Evaluation, MetricSums } from './engine/epoch-sums.js';
export { ModelMemory, type Slot } from './engine/memory.js';
export type { MemoryUse } from './engine/memory-use.js';
export { Pass, type PassOptions } from './engine/pass.js';
export { type PredictOptions, Predictor, predictionBatch } from './engine/predictor.js';
export { type PassResult, type RunOptions, runPass, stepsInSubmit } from './engine/runner.js';
export { toCategorical } from './engine/sample-check.js';
export {
  type ModelState,
  Session,
  type SessionOptions,
  type SessionTraining,
  type TrainerOptions,
} from './engine/session.js';
export {
  type EvaluateStep,
  evaluateStep,
  layerOutputs,
  type PredictStep,
  predictStep,
  type StepBatch,
  type StepData,
  type StepMemory,
  type StepModel,
  type StepResult,
  type TrainStep,
  trainStep,
} from './engine/step.js';
export { TrainingState } from './engine/training-state.js';
export { Use } from './engine/use.js';
export { type WeightSnapshot, Weights, type WeightValues } from './engine/weights.js';
export { FormatError, ModelError, NonFiniteError, ShapeError } from './errors.js';
export { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './files/checkpoint.js';
export {
  type Element,
  encodeSafetensors,
  readSafetensors,
  type Safetensors,
  type TensorEntry,
} from './files/safetensors.js';
export { decodeWeights, encodeWeights } from './files/weights.js';
export {
  type Callback,
  type CallbackState,
  isMaximized,
  type Logs,
  loggedQuantities,
  type Quantities,
  type TrainingControl,
  type Watching,
} from './fit/callback.js';
export { CALLBACK_TYPES, type CallbackType, callbacks } from './fit/catalogue.js';
export { EarlyStopping, type EarlyStoppingOptions } from './fit/early-stopping.js';
export { type EvaluateOptions, evaluate } from './fit/evaluate.js';
export { type FitEnd, type FitEvent, type FitOptions, fit, type ProgressPhase } from './fit/fit.js';
export { History } from './fit/history.js';
export { LearningRateScheduler, type LearningRateSchedulerOptions } from './fit/learning-rate-scheduler.js';
export { ReduceLROnPlateau, type ReduceLROnPlateauOptions } from './fit/reduce-lr-on-plateau.js';
export { TerminateOnNaN } from './fit/terminate-on-nan.js';
export { describeGraph, type GraphDescription, type LayerDescription } from './graph/description.js';
export { Graph, type GraphInput, type GraphLayer, type GraphNode, type GraphOptions } from './graph/graph.js';
export { initialWeights } from './graph/initial-weights.js';
export { input, type Node } from './graph/node.js';
export { graphFromDescription, graphFromLayers, type ReadingOptions } from './graph/reading.js';
export { type SequentialOptions, sequential } from './graph/sequential.js';
export { countParameters, LARGE_BYTES, summarize } from './graph/summary.js';
export { ACTIVATIONS, Activation, type ActivationName, type ActivationOptions } from './layers/activation.js';
export { Add } from './layers/add.js';
export { Average } from './layers/average.js';
export { AveragePooling2D } from './layers/average-pooling-2d.js';
export { BatchNormalization, type BatchNormalizationOptions } from './layers/batch-normalization.js';
export { CaffePreprocessing, type CaffePreprocessingOptions, caffeScale } from './layers/caffe-preprocessing.js';
export { catalogue, type LayerOptionsOf, makeLayer } from './layers/catalogue.js';
export { Concatenate } from './layers/concatenate.js';
export { Conv2D, type Conv2DOptions } from './layers/conv2d.js';
export type { ConvolutionOptions } from './layers/convolution.js';
export type {
  CallContext,
  Inference,
  LayerDefinition,
  LayerOptions,
  WeightSpec,
} from './layers/definition.js';
export { Dense, type DenseOptions } from './layers/dense.js';
export { DepthwiseConv2D, type DepthwiseConv2DOptions } from './layers/depthwise-conv2d.js';
export { Dropout, type DropoutOptions } from './layers/dropout.js';
export { ELU, type ELUOptions } from './layers/elu.js';
export { Flatten } from './layers/flatten.js';
export { GaussianNoise, type GaussianNoiseOptions } from './layers/gaussian-noise.js';
export { GELU, type GELUOptions } from './layers/gelu.js';
export { GlobalAveragePooling2D } from './layers/global-average-pooling-2d.js';
export { GlobalMaxPooling2D } from './layers/global-max-pooling-2d.js';
export { GrayscaleToRGB } from './layers/grayscale-to-rgb.js';
export { INITIALIZERS, type Initializer, type InitializerName, initialValues } from './layers/initializers.js';
export { Layer } from './layers/layer.js';
export { LayerNormalization, type LayerNormalizationOptions } from './layers/layer-normalization.js';
export { LAYER_TYPES, type LayerType } from './layers/layer-type.js';
export { LeakyReLU, type LeakyReLUOptions } from './layers/leaky-relu.js';
export { MaxPooling2D } from './layers/max-pooling-2d.js';
export { Multiply } from './layers/multiply.js';
export { NORMALIZATION_EPSILON, Normalization, type NormalizationOptions } from './layers/normalization.js';
export type { Pooling2DOptions } from './layers/pooling-2d.js';
export { l1, l1l2, l2, type Regularizer } from './layers/regularizers.js';
export { ReLU, type ReLUOptions } from './layers/relu.js';
export { Rescaling, type RescalingOptions } from './layers/rescaling.js';
export { Reshape, type ReshapeOptions } from './layers/reshape.js';
export { INTERPOLATIONS, type Interpolation, Resizing, type ResizingOptions } from './layers/resizing.js';
export { SeparableConv2D, type SeparableConv2DOptions } from './layers/separable-conv2d.js';
export { SpatialDropout2D } from './layers/spatial-dropout-2d.js';
export { UpSampling2D, type UpSampling2DOptions } from './layers/up-sampling-2d.js';
export { ZeroPadding2D, type ZeroPadding2DOptions } from './layers/zero-padding-2d.js';
export { BinaryCrossentropy } from './losses/binary-crossentropy.js';
export { losses } from './losses/catalogue.js';
export { CategoricalCrossentropy } from './losses/categorical-crossentropy.js';
export {
  type ContainedActivation,
  LOSS_TYPES,
  type Loss,
  type LossBatch,
  type LossType,
  type SmoothingOptions,
} from './losses/loss.js';
export { MeanSquaredError } from './losses/mean-squared-error.js';
export {
  SparseCategoricalCrossentropy,
  sparseCategoricalCrossentropy,
} from './losses/sparse-categorical-crossentropy.js';
export {
  Accuracy,
  BinaryAccuracy,
  type BinaryAccuracyOptions,
  TopKCategoricalAccuracy,
  type TopKOptions,
} from './metrics/accuracy.js';
export { metrics } from './metrics/catalogue.js';
export { MeanAbsoluteError } from './metrics/mean-absolute-error.js';
export { METRIC_TYPES, type Metric, type MetricOptions, type MetricType } from './metrics/metric.js';
export { MetricBatch } from './metrics/metric-batch.js';
export { Precision, type PrecisionOptions, Recall } from './metrics/precision.js';
export { type CompileOptions, Model, modelFromDescription, Sequential } from './model.js';
export { Adam, type AdamOptions, AdamW } from './optimizers/adam.js';
export { BaseOptimizer, type OptimizerOptions, type Update } from './optimizers/base-optimizer.js';
export { optimizers } from './optimizers/catalogue.js';
export { Nadam, type NadamOptions } from './optimizers/nadam.js';
export {
  OPTIMIZER_TYPES,
  type Optimizer,
  type OptimizerMemory,
  type OptimizerType,
  type TrainedWeight,
} from './optimizers/optimizer.js';
export { RMSprop, type RMSpropOptions } from './optimizers/rmsprop.js';
export {
  type CosineDecay,
  type CosineDecayRestarts,
  type ExponentialDecay,
  type InverseTimeDecay,
  type LearningRateSchedule,
  type OneCycle,
  type PiecewiseConstantDecay,
  type PolynomialDecay,
  SCHEDULE_TYPES,
  type ScheduleType,
  scheduledRate,
} from './optimizers/schedules.js';
export { SGD, type SGDOptions } from './optimizers/sgd.js';
