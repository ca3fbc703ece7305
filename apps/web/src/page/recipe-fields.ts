/** What the form shows of a recipe: the few options that people change, by type of layer and of optimizer. */
import type { ActivationName, LayerType, OptimizerType } from '@anke/nn';

export interface Field {
  readonly key: string;
  readonly label: string;
  /** Its values, where there are only these; else what is written is a number, several, or a word. */
  readonly choices?: readonly string[];
  /** Whether it is there or not. */
  readonly isSwitch?: boolean;
  /** The largest value and the step of a slider from 0, at which the option is left out. */
  readonly slider?: readonly [most: number, step: number];
}

const field = (key: string, label: string): Field => ({ key, label });

const ACTIVATIONS = {
  linear: true,
  relu: true,
  relu6: true,
  leakyRelu: true,
  elu: true,
  gelu: true,
  sigmoid: true,
  silu: true,
  swish: true,
  softplus: true,
  tanh: true,
  softmax: true,
} satisfies Record<ActivationName, true>;

const activation: Field = { key: 'activation', label: 'activation', choices: Object.keys(ACTIVATIONS) };
const padding: Field = { key: 'padding', label: 'padding', choices: ['valid', 'same'] };
const filters = field('filters', 'filters');
const kernel = field('kernelSize', 'kernel');
const strides = field('strides', 'strides');
const rate = field('rate', 'rate');

export interface LayerForm {
  readonly fields: readonly Field[];
  /** The options of a new one; absent where it would need more than the layer before it. */
  readonly fresh?: Readonly<Record<string, unknown>>;
}

/** A table by type of layer. */
export const LAYER_FORMS = {
  Activation: { fields: [activation], fresh: { activation: 'relu' } },
  Add: { fields: [] },
  Average: { fields: [] },
  AveragePooling2D: { fields: [field('poolSize', 'pool')], fresh: { poolSize: 2 } },
  BatchNormalization: { fields: [field('momentum', 'momentum')], fresh: {} },
  CaffePreprocessing: { fields: [] },
  Concatenate: { fields: [] },
  Conv2D: {
    fields: [filters, kernel, strides, padding, activation],
    fresh: { filters: 16, kernelSize: 3, padding: 'same', activation: 'relu' },
  },
  Dense: { fields: [field('units', 'units'), activation], fresh: { units: 64, activation: 'relu' } },
  DepthwiseConv2D: {
    fields: [kernel, strides, padding, activation],
    fresh: { kernelSize: 3, padding: 'same', activation: 'relu' },
  },
  Dropout: { fields: [rate], fresh: { rate: 0.25 } },
  ELU: { fields: [field('alpha', 'alpha')], fresh: {} },
  Flatten: { fields: [], fresh: {} },
  GELU: { fields: [], fresh: {} },
  GaussianNoise: { fields: [field('stddev', 'deviation')], fresh: { stddev: 0.1 } },
  GlobalAveragePooling2D: { fields: [], fresh: {} },
  GlobalMaxPooling2D: { fields: [], fresh: {} },
  GrayscaleToRGB: { fields: [], fresh: {} },
  LayerNormalization: { fields: [], fresh: {} },
  LeakyReLU: { fields: [field('negativeSlope', 'slope')], fresh: {} },
  MaxPooling2D: { fields: [field('poolSize', 'pool')], fresh: { poolSize: 2 } },
  Multiply: { fields: [] },
  Normalization: { fields: [], fresh: {} },
  ReLU: { fields: [field('maxValue', 'largest value')], fresh: {} },
  Rescaling: { fields: [field('scale', 'scale'), field('offset', 'offset')], fresh: { scale: 2, offset: -1 } },
  Reshape: { fields: [field('targetShape', 'shape')] },
  Resizing: { fields: [field('height', 'height'), field('width', 'width')], fresh: { height: 32, width: 32 } },
  SeparableConv2D: {
    fields: [filters, kernel, strides, padding, activation],
    fresh: { filters: 16, kernelSize: 3, padding: 'same', activation: 'relu' },
  },
  SpatialDropout2D: { fields: [rate], fresh: { rate: 0.1 } },
  UpSampling2D: { fields: [field('size', 'factor')], fresh: { size: 2 } },
  ZeroPadding2D: { fields: [field('padding', 'pixels')], fresh: { padding: 1 } },
} as const satisfies Record<LayerType, LayerForm>;

const learningRate = field('learningRate', 'learning rate');
const momentum = field('momentum', 'momentum');

/** A table by type of optimizer. */
export const OPTIMIZER_FIELDS = {
  Adam: [learningRate],
  AdamW: [learningRate, field('weightDecay', 'weight decay')],
  Nadam: [learningRate],
  RMSprop: [learningRate, field('rho', 'rho'), momentum],
  SGD: [learningRate, momentum],
} as const satisfies Record<OptimizerType, readonly Field[]>;

export const OPTIMIZER: Field = { key: 'type', label: 'optimizer', choices: Object.keys(OPTIMIZER_FIELDS) };

export const PHASE_FIELDS: readonly Field[] = [field('epochs', 'epochs')];

export const RECIPE_FIELDS: readonly Field[] = [
  field('batchSize', 'batch size'),
  field('stepsPerEpoch', 'steps an epoch'),
  field('seed', 'seed'),
];

export const DATA_FIELDS: readonly Field[] = [
  field('limit', 'images'),
  field('validationSplit', 'share to check with'),
  { key: 'shuffleSplit', label: 'drawn by the seed', isSwitch: true },
  { key: 'stratified', label: 'the same of each class', isSwitch: true },
];

/** Degrees, and shares of an image's sides. */
export const AUGMENTATION_FIELDS: readonly Field[] = [
  { key: 'rotationRange', label: 'turn, degrees', slider: [45, 1] },
  { key: 'widthShiftRange', label: 'move across', slider: [0.3, 0.01] },
  { key: 'heightShiftRange', label: 'move down', slider: [0.3, 0.01] },
  { key: 'shearRange', label: 'lean, degrees', slider: [30, 1] },
  { key: 'zoomRange', label: 'zoom', slider: [0.5, 0.01] },
  { key: 'horizontalFlip', label: 'mirror', isSwitch: true },
  { key: 'verticalFlip', label: 'upside down', isSwitch: true },
  { key: 'elasticRange', label: 'distort', slider: [0.2, 0.01] },
  { key: 'strokeRange', label: 'stroke, pixels', slider: [1, 0.05] },
  { key: 'contrastRange', label: 'contrast, from and to' },
  { key: 'noise', label: 'noise', slider: [60, 1] },
  { key: 'erasing', label: 'erase, share', slider: [1, 0.05] },
];
