/** The notebook's model is the notebook's: its layers have the same numbers of parameters. */
import { countParameters } from '@anke/nn';
import { expect, test } from 'vitest';
import { notebookModel } from './notebook.js';

test('the notebook’s CNN has the notebook’s table', () => {
  const { layers } = notebookModel([28, 28, 1], { seed: 0 });
  const parameters = layers.map((layer) => countParameters([layer]).total);
  expect(parameters).toEqual([320, 128, 0, 51264, 256, 36928, 256, 0, 0, 73856, 0, 8256, 0, 2080, 330]);
  expect(countParameters(layers)).toEqual({ total: 173674, trainable: 173354 });
});
