/**
 * What the optimizers have in common: all weights, gradients and moments of a model lie in one flat buffer each, so
 * that an update is one dispatch, a thread a weight. The learning rate and the bias corrections lie on the device too:
 * a recorded step needs no upload.
 */
import type { Binding } from '../runtime/kernel.js';

/** Ragged lengths, and that of the notebook's CNN. */
export const LENGTHS = [1, 3, 33, 65, 129, 173_674];

export const length = (p: { length: number }): number => p.length;
export const rate: Binding<object> = {
  access: 'read',
  type: 'f32',
  length: () => 1,
  sample: (_, draw) => draw.uniform() / 100,
};
