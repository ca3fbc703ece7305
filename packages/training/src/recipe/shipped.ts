/** The built-in recipes. */
import { NOTEBOOK, notebookLayers } from './notebook.js';
import type { Recipe } from './schema.js';

const stopping = { type: 'EarlyStopping', patience: 3, restoreBestWeights: true } as const;
const layers = notebookLayers({ ...NOTEBOOK, classes: 'classes' });
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
