/** Gives grey images three equal channels. */
import type { Shape, Tensor } from '../autograd/tensor.js';
import { repeatChannel } from '../operations/repeat-channel.js';
import type { CallContext, Inference, LayerOptions } from './definition.js';
import { first, image, Mismatch } from './expect.js';
import { Layer } from './layer.js';

const RGB = 3;

export class GrayscaleToRGB extends Layer {
  override readonly type = 'GrayscaleToRGB';

  constructor(options: LayerOptions = {}) {
    super(options);
  }

  override infer(inputs: readonly Shape[]): Inference {
    const { height, width, channels } = image(inputs);
    if (channels !== 1) throw new Mismatch('images with one channel');
    return { output: [height, width, RGB], weights: [] };
  }

  override call({ tape }: CallContext, inputs: readonly Tensor[]): Tensor {
    return tape.apply(repeatChannel, { x: first(inputs) }, { times: RGB });
  }
}
