/** The mean under each window of (height, width, channels) images. */
import type { Tensor } from '../autograd/tensor.js';
import { averagePool } from '../operations/average-pool.js';
import type { CallContext } from './definition.js';
import { first } from './expect.js';
import { Pooling2D } from './pooling-2d.js';

export class AveragePooling2D extends Pooling2D {
  override readonly type = 'AveragePooling2D';

  override call({ tape }: CallContext, inputs: readonly Tensor[]): Tensor {
    const x = first(inputs);
    return tape.apply(averagePool, { x }, this.params(x));
  }
}
