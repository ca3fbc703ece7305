/** The values that weights have before training. */
import { Random } from '@anke/random';
import { type Shape, sizeOf } from '../autograd/tensor.js';

export type Initializer = 'glorotUniform' | 'zeros' | 'ones';

/**
 * A weight's first values.
 *
 * `glorotUniform` draws from ±√(6 / (fanIn + fanOut)) (Glorot and Bengio, AISTATS 2010); for a conv kernel, both fans
 * are multiplied by the kernel's area, as in Keras.
 *
 * @param purpose the weight's full name: each weight has its own random numbers
 */
export function initialValues(initializer: Initializer, shape: Shape, seed: number, purpose: string): Float32Array {
  const values = new Float32Array(sizeOf(shape));
  if (initializer === 'ones') return values.fill(1);
  if (initializer === 'zeros') return values;
  const area = sizeOf(shape.slice(0, -2));
  const fanIn = area * (shape.at(-2) ?? 1);
  const fanOut = area * (shape.at(-1) ?? 1);
  const limit = Math.sqrt(6 / (fanIn + fanOut));
  const random = new Random(seed, `weights/${purpose}`);
  return values.map(() => random.between(-limit, limit));
}
