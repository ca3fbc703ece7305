/**
 * The types of layers, by the names that Keras gives them. Every table about layers (how to make one, how to export
 * one, …) is a `Record<LayerType, …>`: a type that is added here does not compile until each of them has a line for
 * it.
 */
export const LAYER_TYPES = [
  'Activation',
  'Add',
  'AveragePooling2D',
  'BatchNormalization',
  'Concatenate',
  'Conv2D',
  'Dense',
  'DepthwiseConv2D',
  'Dropout',
  'ELU',
  'Flatten',
  'GELU',
  'GlobalAveragePooling2D',
  'GrayscaleToRGB',
  'LeakyReLU',
  'MaxPooling2D',
  'ReLU',
  'Rescaling',
  'Resizing',
  'ZeroPadding2D',
] as const;

export type LayerType = (typeof LAYER_TYPES)[number];
