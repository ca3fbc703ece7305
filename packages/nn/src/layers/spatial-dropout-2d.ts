/** Drops whole channels of (height, width, channels) images at random while training, and scales the others up. */
import type { Shape, Tensor } from '../autograd/tensor.js';
import { spatialDropout } from '../operations/spatial-dropout.js';
import type { CallContext, Inference } from './definition.js';
import type { DropoutOptions } from './dropout.js';
import { first, image } from './expect.js';
import { Layer } from './layer.js';

export class SpatialDropout2D extends Layer<DropoutOptions> {
  override readonly type = 'SpatialDropout2D';

  constructor(options: DropoutOptions) {
    super(options);
    this.require(options.rate >= 0 && options.rate < 1, `rate must lie in 0 … 1 (without 1), not ${options.rate}`);
  }

  override infer(inputs: readonly Shape[]): Inference {
    const { height, width, channels } = image(inputs);
    return { output: [height, width, channels], weights: [] };
  }

  override call({ tape, training, counters, index }: CallContext, inputs: readonly Tensor[]): Tensor {
    const x = first(inputs);
    const { rate } = this.options;
    return training && rate > 0 ? tape.apply(spatialDropout, { x }, { rate, layer: index, counters }) : x;
  }
}
