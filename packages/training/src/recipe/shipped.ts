/** The built-in recipes. */
import { Model, notebookCnn } from '@anke/nn';
import type { Recipe } from './schema.js';

const stopping = { type: 'EarlyStopping', patience: 3, restoreBestWeights: true } as const;
/** The notebook's CNN, for as many classes as the data has. */
const layers = Model.of(notebookCnn([28, 28, 1]))
  .description()
  .layers.map((layer, i, { length }) =>
    i === length - 1 ? { ...layer, units: 'classes' } : layer,
  ) as Recipe['layers'];

const adam: Recipe['phases'][number] = { optimizer: { type: 'Adam' }, epochs: 20, callbacks: [stopping] };
const sgd: Recipe['phases'][number] = { optimizer: { type: 'SGD' }, epochs: 25, callbacks: [stopping] };

export const SHIPPED: Readonly<Record<string, Recipe>> = {
  notebook: {
    name: 'notebook',
    description: 'The Kannada-MNIST notebook: its CNN, Adam, then SGD from the best weights',
    layers,
    phases: [adam, sgd],
  },
  cnn: {
    name: 'cnn',
    description: 'The notebook’s CNN, trained with Adam alone',
    layers,
    phases: [adam],
  },
};
