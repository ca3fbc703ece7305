/** Makes (height, width, channels) images larger by whole factors. */
import { quoted } from '@anke/messages';
import type { Shape, Tensor } from '../autograd/tensor.js';
import { type Interpolation, resize } from '../operations/resize.js';
import type { CallContext, Inference, LayerOptions } from './definition.js';
import { batchOf, first, image, type Pair, pair, positiveInteger } from './expect.js';
import { Layer } from './layer.js';
import { INTERPOLATIONS } from './resizing.js';

export interface UpSampling2DOptions extends LayerOptions {
  /** By how much height and width grow; 2 if absent. */
  readonly size?: Pair;
  /** `nearest` if absent: each pixel is repeated. `bilinear` goes between the centres of pixels. */
  readonly interpolation?: Interpolation;
}

export class UpSampling2D extends Layer<UpSampling2DOptions> {
  override readonly type = 'UpSampling2D';

  constructor(options: UpSampling2DOptions = {}) {
    super(options);
    const { size = 2, interpolation = 'nearest' } = options;
    this.require(pair(size).every(positiveInteger), 'size must be positive integers');
    this.require(INTERPOLATIONS.includes(interpolation), `no interpolation ${quoted(interpolation)}`);
  }

  override infer(inputs: readonly Shape[]): Inference {
    const { height, width, channels } = image(inputs);
    const [rows, columns] = pair(this.options.size ?? 2);
    return { output: [height * rows, width * columns, channels], weights: [] };
  }

  override call({ tape }: CallContext, inputs: readonly Tensor[]): Tensor {
    const x = first(inputs);
    const { size = 2, interpolation = 'nearest' } = this.options;
    const images = batchOf(x);
    const [rows, columns] = pair(size);
    const params = { ...images, outHeight: images.height * rows, outWidth: images.width * columns };
    return tape.apply(resize, { x }, { params, interpolation });
  }
}
