/** The mean of each channel over a whole (height, width, channels) image. */
import type { PoolParams } from '@anke/kernels';
import type { Tape } from '../autograd/tape.js';
import type { Tensor } from '../autograd/tensor.js';
import { averagePool } from '../operations/average-pool.js';
import { GlobalPooling2D } from './global-pooling-2d.js';

export class GlobalAveragePooling2D extends GlobalPooling2D {
  override readonly type = 'GlobalAveragePooling2D';

  protected override pool(tape: Tape, x: Tensor, params: PoolParams): Tensor {
    return tape.apply(averagePool, { x }, params);
  }
}
