import {
  BatchNormalization,
  Conv2D,
  Dense,
  Dropout,
  Flatten,
  l2,
  MaxPooling2D,
  Sequential,
  type Shape,
} from '@anke/nn';

/** Pixels are bytes; the model sees 0 … 1. */
export const RESCALE = 1 / 255;

export interface NotebookWidths {
  /** Filters of the three convolutions. */
  readonly filters: readonly [number, number, number];
  /** Units of the dense layers before the last. */
  readonly units: readonly [number, number, number];
  readonly classes: number;
}

export const NOTEBOOK: NotebookWidths = { filters: [32, 64, 64], units: [128, 64, 32], classes: 10 };

/**
 * The notebook's CNN: 173,674 parameters at its own widths.
 *
 * @param dropout the rate behind the first two dense layers; 0 to leave dropout out
 */
export function notebookModel(
  inputShape: Shape,
  {
    seed,
    dropout = 0.5,
    widths = NOTEBOOK,
  }: { readonly seed: number; readonly dropout?: number; readonly widths?: NotebookWidths },
): Sequential {
  const { filters, units, classes } = widths;
  const penalty = l2(0.01);
  return new Sequential(
    [
      new Conv2D({ name: 'conv1', filters: filters[0], kernelSize: 3, activation: 'relu', inputShape }),
      new BatchNormalization({ name: 'bn1' }),
      new MaxPooling2D({ name: 'pool1', poolSize: 2 }),
      new Conv2D({ name: 'conv2', filters: filters[1], kernelSize: 5, activation: 'relu' }),
      new BatchNormalization({ name: 'bn2' }),
      new Conv2D({ name: 'conv3', filters: filters[2], kernelSize: 3, activation: 'relu' }),
      new BatchNormalization({ name: 'bn3' }),
      new MaxPooling2D({ name: 'pool2', poolSize: 2 }),
      new Flatten({ name: 'flatten' }),
      new Dense({ name: 'dense1', units: units[0], activation: 'relu', kernelRegularizer: penalty }),
      new Dropout({ name: 'dropout1', rate: dropout }),
      new Dense({ name: 'dense2', units: units[1], activation: 'relu', kernelRegularizer: penalty }),
      new Dropout({ name: 'dropout2', rate: dropout }),
      new Dense({ name: 'dense3', units: units[2], activation: 'relu' }),
      new Dense({ name: 'dense4', units: classes, activation: 'softmax' }),
    ],
    { seed },
  );
}
