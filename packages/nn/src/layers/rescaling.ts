/** y = scale · x + offset */
import type { Shape, Tensor } from '../autograd/tensor.js';
import { affine } from '../operations/affine.js';
import type { CallContext, Inference, LayerOptions } from './definition.js';
import { first, single } from './expect.js';
import { Layer } from './layer.js';

export interface RescalingOptions extends LayerOptions {
  readonly scale: number;
  /** 0 if absent. */
  readonly offset?: number;
}

export class Rescaling extends Layer<RescalingOptions> {
  override readonly type = 'Rescaling';

  constructor(options: RescalingOptions) {
    super(options);
    const { scale, offset = 0 } = options;
    this.require(Number.isFinite(scale) && Number.isFinite(offset), 'scale and offset must be numbers');
  }

  override infer(inputs: readonly Shape[]): Inference {
    return { output: single(inputs), weights: [] };
  }

  override call({ tape }: CallContext, inputs: readonly Tensor[]): Tensor {
    const { scale: factor, offset = 0 } = this.options;
    return tape.apply(affine, { x: first(inputs) }, { factor, offset });
  }
}
