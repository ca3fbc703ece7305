/** The CNN of the Kannada-MNIST notebook, at its own widths or others. */
import type { Sequential, Shape } from '@anke/nn';
import { makeModel } from './make.js';
import type { RecipeLayer } from './schema.js';

export interface NotebookWidths<Classes = number> {
  /** Filters of the three convolutions. */
  readonly filters: readonly [number, number, number];
  /** Units of the dense layers before the last. */
  readonly units: readonly [number, number, number];
  readonly classes: Classes;
}

export const NOTEBOOK: NotebookWidths = { filters: [32, 64, 64], units: [128, 64, 32], classes: 10 };

/**
 * The layers of the notebook's CNN: 173,674 parameters at its own widths.
 *
 * @param dropout the rate behind the first two dense layers; 0 to leave dropout out
 */
export function notebookLayers(
  { filters, units, classes }: NotebookWidths<number | 'classes'>,
  dropout = 0.5,
): RecipeLayer[] {
  const kernelRegularizer = { l2: 0.01 };
  return [
    { type: 'Conv2D', name: 'conv1', filters: filters[0], kernelSize: 3, activation: 'relu' },
    { type: 'BatchNormalization', name: 'bn1' },
    { type: 'MaxPooling2D', name: 'pool1', poolSize: 2 },
    { type: 'Conv2D', name: 'conv2', filters: filters[1], kernelSize: 5, activation: 'relu' },
    { type: 'BatchNormalization', name: 'bn2' },
    { type: 'Conv2D', name: 'conv3', filters: filters[2], kernelSize: 3, activation: 'relu' },
    { type: 'BatchNormalization', name: 'bn3' },
    { type: 'MaxPooling2D', name: 'pool2', poolSize: 2 },
    { type: 'Flatten', name: 'flatten' },
    { type: 'Dense', name: 'dense1', units: units[0], activation: 'relu', kernelRegularizer },
    { type: 'Dropout', name: 'dropout1', rate: dropout },
    { type: 'Dense', name: 'dense2', units: units[1], activation: 'relu', kernelRegularizer },
    { type: 'Dropout', name: 'dropout2', rate: dropout },
    { type: 'Dense', name: 'dense3', units: units[2], activation: 'relu' },
    { type: 'Dense', name: 'dense4', units: classes, activation: 'softmax' },
  ];
}

/** The notebook's CNN as a model. */
export const notebookModel = (
  inputShape: Shape,
  {
    seed,
    dropout,
    widths = NOTEBOOK,
  }: { readonly seed: number; readonly dropout?: number; readonly widths?: NotebookWidths },
): Sequential => makeModel(notebookLayers(widths, dropout), { seed, inputShape, classes: widths.classes });
