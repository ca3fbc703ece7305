/** The largest element of each channel over a whole (height, width, channels) image. */
import type { PoolParams } from '@anke/kernels';
import type { Tape } from '../autograd/tape.js';
import type { Tensor } from '../autograd/tensor.js';
import { maxPool } from '../operations/max-pool.js';
import { GlobalPooling2D } from './global-pooling-2d.js';

export class GlobalMaxPooling2D extends GlobalPooling2D {
  override readonly type = 'GlobalMaxPooling2D';

  protected override pool(tape: Tape, x: Tensor, params: PoolParams): Tensor {
    return tape.apply(maxPool, { x }, params);
  }
}
