/**
 * The types of layers, by the names that Keras gives them. Every table about layers (how to make one, how to export
 * one, …) is a `Record<LayerType, …>`: a type that is added here does not compile until each of them has a line for
 * it.
 */
export const LAYER_TYPES = [
  'Activation',
  'Add',
  'Average',
  'AveragePooling2D',
  'BatchNormalization',
  'CaffePreprocessing',
  'Concatenate',
  'Conv2D',
  'Dense',
  'DepthwiseConv2D',
  'Dropout',
  'ELU',
  'Flatten',
  'GELU',
  'GaussianNoise',
  'GlobalAveragePooling2D',
  'GlobalMaxPooling2D',
  'GrayscaleToRGB',
  'LayerNormalization',
  'LeakyReLU',
  'MaxPooling2D',
  'Multiply',
  'Normalization',
  'ReLU',
  'Rescaling',
  'Reshape',
  'Resizing',
  'SeparableConv2D',
  'SpatialDropout2D',
  'UpSampling2D',
  'ZeroPadding2D',
] as const;

export type LayerType = (typeof LAYER_TYPES)[number];
