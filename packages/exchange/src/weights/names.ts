/** Layers and their weights as Keras and PyTorch name them. */
import { LAYER_TYPES, type LayerType, type Shape, type WeightValues } from '@anke/nn';

/** What is known of the weights of a type of layer. */
export interface LayerWeights {
  /** By this project's names, in the order in which Keras makes them. */
  readonly names: readonly string[];
  /** Those that a layer may be without. */
  readonly optional: readonly string[];
  /** Other names that they have elsewhere. */
  readonly aliases: Readonly<Record<string, string>>;
  /** Whether weights with these names and shapes can be such a layer's. */
  matches(weights: ReadonlyMap<string, WeightValues>): boolean;
  readonly kernel?: Kernel;
}

interface Kernel {
  /** Names of its axes. */
  readonly axes: string;
  /** The shape of the same kernel in PyTorch. */
  torch(shape: Shape): Shape;
}

const kernel = (axes: string, torch: Kernel['torch'], rank: number): LayerWeights => ({
  names: ['kernel', 'bias'],
  optional: ['bias'],
  aliases: { weight: 'kernel' },
  matches: (weights) => (weights.get('kernel') ?? weights.get('weight'))?.shape.length === rank,
  kernel: { axes, torch },
});

const CONVOLUTION = kernel('(kh, kw, in, out)', ([kh = 1, kw = 1, ci = 1, co = 1]) => [co, ci, kh, kw], 4);
const DEPTHWISE = kernel('(kh, kw, channels, multiplier)', ([kh = 1, kw = 1, c = 1, m = 1]) => [c * m, 1, kh, kw], 4);
const PRODUCT = kernel('(in, out)', ([features = 1, units = 1]) => [units, features], 2);

const hasAverages = (weights: ReadonlyMap<string, WeightValues>): boolean =>
  weights.has('running_mean') || weights.has('moving_mean');

/** What Keras's `Normalization` stores behind its weights, an integer that its formula does not need. */
export const UNNEEDED_WEIGHT = 'count';

/** For layers without weights: undefined. */
export const LAYER_WEIGHTS: Readonly<Record<LayerType, LayerWeights | undefined>> = {
  Activation: undefined,
  Add: undefined,
  Average: undefined,
  AveragePooling2D: undefined,
  BatchNormalization: {
    names: ['gamma', 'beta', 'moving_mean', 'moving_variance'],
    optional: ['gamma', 'beta'],
    aliases: {
      weight: 'gamma',
      bias: 'beta',
      running_mean: 'moving_mean',
      running_var: 'moving_variance',
      moving_var: 'moving_variance',
    },
    matches: hasAverages,
  },
  CaffePreprocessing: undefined,
  Concatenate: undefined,
  Conv2D: CONVOLUTION,
  Dense: PRODUCT,
  DepthwiseConv2D: {
    ...DEPTHWISE,
    aliases: { weight: 'kernel', depthwise_kernel: 'kernel' },
    matches: (weights) =>
      (weights.has('depthwise_kernel') && !weights.has('pointwise_kernel')) || DEPTHWISE.matches(weights),
  },
  Dropout: undefined,
  ELU: undefined,
  Flatten: undefined,
  GELU: undefined,
  GaussianNoise: undefined,
  GlobalAveragePooling2D: undefined,
  GlobalMaxPooling2D: undefined,
  GrayscaleToRGB: undefined,
  LayerNormalization: {
    names: ['gamma', 'beta'],
    optional: ['gamma', 'beta'],
    aliases: {},
    matches: (weights) => (weights.has('gamma') || weights.has('beta')) && !hasAverages(weights),
  },
  LeakyReLU: undefined,
  MaxPooling2D: undefined,
  Multiply: undefined,
  Normalization: {
    names: ['mean', 'variance', UNNEEDED_WEIGHT],
    optional: [UNNEEDED_WEIGHT],
    aliases: {},
    matches: (weights) => weights.has('mean') && weights.has('variance'),
  },
  ReLU: undefined,
  Rescaling: undefined,
  Reshape: undefined,
  Resizing: undefined,
  SeparableConv2D: {
    names: ['depthwise_kernel', 'pointwise_kernel', 'bias'],
    optional: ['bias'],
    aliases: {},
    matches: (weights) => weights.has('pointwise_kernel'),
  },
  SpatialDropout2D: undefined,
  UpSampling2D: undefined,
  ZeroPadding2D: undefined,
};

/** Keras's name of a type in snake case: `batch_normalization`, `conv2d`. keras/src/utils/naming.py, to_snake_case */
const snakeCase = (type: string): string => type.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase();

const TYPES = new Map(LAYER_TYPES.map((type) => [snakeCase(type), type]));

/** The type of a layer that has the name which Keras gives without being asked: `conv2d`, `conv2d_1`, … */
export const typeOfName = (name: string): LayerType | undefined => TYPES.get(name.replace(/_\d+$/, ''));
