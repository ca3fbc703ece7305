/** The largest element under each window of (height, width, channels) images. */
import type { Tensor } from '../autograd/tensor.js';
import { maxPool } from '../operations/max-pool.js';
import type { CallContext } from './definition.js';
import { first } from './expect.js';
import { Pooling2D, type Pooling2DOptions } from './pooling-2d.js';

export class MaxPooling2D extends Pooling2D {
  override readonly type = 'MaxPooling2D';

  constructor(options: Pooling2DOptions = {}) {
    super(options);
    this.requirePooling();
  }

  override call({ tape }: CallContext, inputs: readonly Tensor[]): Tensor {
    const x = first(inputs);
    return tape.apply(maxPool, { x }, this.params(x));
  }
}
