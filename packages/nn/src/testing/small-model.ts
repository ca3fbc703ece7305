/** A small CNN with every kind of layer that the notebook's has, and images that it learns in a few epochs. */
import { Random } from '@anke/random';
import type { Samples } from '../engine/device-data.js';
import { Activation } from '../layers/activation.js';
import { BatchNormalization } from '../layers/batch-normalization.js';
import { Conv2D } from '../layers/conv2d.js';
import { Dense } from '../layers/dense.js';
import { Dropout } from '../layers/dropout.js';
import { Flatten } from '../layers/flatten.js';
import { MaxPooling2D } from '../layers/max-pooling-2d.js';
import { l2 } from '../layers/regularizers.js';
import { Sequential } from '../model.js';

export const smallModel = (seed = 1, dropout = 0.25): Sequential =>
  new Sequential(
    [
      new Conv2D({ filters: 5, kernelSize: 3, activation: 'relu', inputShape: [12, 12, 1] }),
      new BatchNormalization({}),
      new MaxPooling2D({}),
      new Conv2D({ filters: 4, kernelSize: 3, padding: 'same', kernelRegularizer: l2(0.02) }),
      new Activation({ activation: 'relu' }),
      new Flatten({}),
      new Dense({ units: 9, activation: 'relu', kernelRegularizer: l2(0.01) }),
      new Dropout({ rate: dropout }),
      new Dense({ units: 3, activation: 'softmax' }),
    ],
    { seed },
  );

/** Three classes that differ in where their bright rows are. */
export function stripes(count: number, seed = 1): Samples {
  const random = new Random(seed, 'samples');
  const labels = Uint8Array.from({ length: count }, () => random.integer(3));
  const pixels = Uint8Array.from({ length: count * 144 }, (_, i) => {
    const row = Math.floor((i % 144) / 12);
    return Math.floor(row / 4) === labels[Math.floor(i / 144)] ? 150 + random.integer(100) : random.integer(80);
  });
  return { pixels, labels, shape: [12, 12, 1], rescale: 1 / 255 };
}
