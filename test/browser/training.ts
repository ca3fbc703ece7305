/** What the page trains, and Node beside it: the notebook's CNN, for one epoch, on the images of a CSV file. */
import { Gpu } from '@anke/kernels';
import {
  Adam,
  BatchNormalization,
  Conv2D,
  Dense,
  Dropout,
  encodeWeights,
  Flatten,
  History,
  l2,
  MaxPooling2D,
  Sequential,
} from '@anke/nn';
import { parseCsv } from '../../packages/data/src/csv/parser.js';

export interface Trained {
  /** The adapter's vendor and architecture, which browsers tell; its name is kept from pages. */
  readonly adapter: string;
  readonly loss: number;
  readonly accuracy: number;
  /** As a safetensors file. */
  readonly weights: Uint8Array;
}

export async function trainOneEpoch(adapter: GPUAdapter, csv: Uint8Array): Promise<Trained> {
  const { pixels, labels, shape } = parseCsv('train.csv', csv, { needs: 'label' });
  const gpu = await Gpu.open(adapter);
  const model = new Sequential(
    [
      new Conv2D({ filters: 32, kernelSize: 3, activation: 'relu', inputShape: shape }),
      new BatchNormalization(),
      new MaxPooling2D({ poolSize: 2 }),
      new Conv2D({ filters: 64, kernelSize: 5, activation: 'relu' }),
      new BatchNormalization(),
      new Conv2D({ filters: 64, kernelSize: 3, activation: 'relu' }),
      new BatchNormalization(),
      new MaxPooling2D({ poolSize: 2 }),
      new Flatten(),
      new Dense({ units: 128, activation: 'relu', kernelRegularizer: l2(0.01) }),
      new Dropout({ rate: 0.5 }),
      new Dense({ units: 64, activation: 'relu', kernelRegularizer: l2(0.01) }),
      new Dropout({ rate: 0.5 }),
      new Dense({ units: 32, activation: 'relu' }),
      new Dense({ units: 10, activation: 'softmax' }),
    ],
    { seed: 12 },
  );
  model.compile({ gpu, optimizer: new Adam() });
  const history = new History();
  const samples = { pixels, shape, rescale: 1 / 255, ...(labels ? { labels } : {}) };
  await model.fit(samples, { epochs: 1, batchSize: 32, callbacks: [history] });
  const weights = await encodeWeights(model);
  gpu.destroy();
  const [loss = Number.NaN] = history.series('loss');
  const [accuracy = Number.NaN] = history.series('accuracy');
  return { adapter: `${adapter.info.vendor} ${adapter.info.architecture}`, loss, accuracy, weights };
}
