/**
 * The CNN of the Kannada-MNIST notebook: three convolutions with batch normalization and pooling, then four dense
 * layers. 173,674 parameters at its own widths, for images of 28 × 28 pixels and ten classes.
 */
import type { Shape } from '../autograd/tensor.js';
import type { Graph } from '../graph/graph.js';
import { sequential } from '../graph/sequential.js';
import { BatchNormalization } from '../layers/batch-normalization.js';
import { Conv2D } from '../layers/conv2d.js';
import { Dense } from '../layers/dense.js';
import { Dropout } from '../layers/dropout.js';
import { Flatten } from '../layers/flatten.js';
import { MaxPooling2D } from '../layers/max-pooling-2d.js';
import { l2 } from '../layers/regularizers.js';

export interface NotebookWidths {
  /** Filters of the three convolutions. */
  readonly filters: readonly [number, number, number];
  /** Units of the dense layers before the last. */
  readonly units: readonly [number, number, number];
}

export interface NotebookOptions {
  /** 10 if absent. */
  readonly classes?: number;
  /** Those of the notebook, if absent. */
  readonly widths?: NotebookWidths;
  /** The dropout rate behind the first two dense layers; 0.5 if absent. */
  readonly dropout?: number;
  readonly seed?: number;
}

export const NOTEBOOK_WIDTHS: NotebookWidths = { filters: [32, 64, 64], units: [128, 64, 32] };

/** @param inputShape of one image: (height, width, channels) */
export function notebookCnn(inputShape: Shape, options: NotebookOptions = {}): Graph {
  const { classes = 10, widths = NOTEBOOK_WIDTHS, dropout: rate = 0.5, seed = 0 } = options;
  const { filters, units } = widths;
  const kernelRegularizer = l2(0.01);
  const layers = [
    new Conv2D({ name: 'conv1', filters: filters[0], kernelSize: 3, activation: 'relu' }),
    new BatchNormalization({ name: 'bn1' }),
    new MaxPooling2D({ name: 'pool1', poolSize: 2 }),
    new Conv2D({ name: 'conv2', filters: filters[1], kernelSize: 5, activation: 'relu' }),
    new BatchNormalization({ name: 'bn2' }),
    new Conv2D({ name: 'conv3', filters: filters[2], kernelSize: 3, activation: 'relu' }),
    new BatchNormalization({ name: 'bn3' }),
    new MaxPooling2D({ name: 'pool2', poolSize: 2 }),
    new Flatten({ name: 'flatten' }),
    new Dense({ name: 'dense1', units: units[0], activation: 'relu', kernelRegularizer }),
    new Dropout({ name: 'dropout1', rate }),
    new Dense({ name: 'dense2', units: units[1], activation: 'relu', kernelRegularizer }),
    new Dropout({ name: 'dropout2', rate }),
    new Dense({ name: 'dense3', units: units[2], activation: 'relu' }),
    new Dense({ name: 'dense4', units: classes, activation: 'softmax' }),
  ];
  return sequential(layers, { inputShape, seed });
}
