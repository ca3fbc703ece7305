/**
 * RGB images as the models want them that were trained with Caffe, VGG16 among them: channels in the order blue, green,
 * red, in 0 … 255, minus the means of ImageNet's. keras/src/applications/imagenet_utils.py, mode `caffe`
 */
import type { Shape, Tensor } from '../autograd/tensor.js';
import { reverseChannels } from '../operations/reverse-channels.js';
import type { CallContext, Inference, LayerOptions } from './definition.js';
import { first, image, Mismatch } from './expect.js';
import { Layer } from './layer.js';

export interface CaffePreprocessingOptions extends LayerOptions {
  /** What white is in the images that come in: 255, or 1 where they are rescaled by 1 / 255; 255 if absent. */
  readonly largest?: number;
}

/** Means of blue, green and red over ImageNet. */
const MEANS = [103.939, 116.779, 123.68] as const;
const WHITE = 255;

/** What the layer computes: channel c is `factor` · x[2 − c] + `offsets`[c]. */
export const caffeScale = ({ largest = WHITE }: CaffePreprocessingOptions) => ({
  factor: WHITE / largest,
  offsets: MEANS.map((mean) => -mean),
});

export class CaffePreprocessing extends Layer<CaffePreprocessingOptions> {
  override readonly type = 'CaffePreprocessing';

  constructor(options: CaffePreprocessingOptions = {}) {
    super(options);
    const { largest = WHITE } = options;
    this.require(largest > 0 && Number.isFinite(largest), `largest must be a positive number, not ${largest}`);
  }

  override infer(inputs: readonly Shape[]): Inference {
    const { height, width, channels } = image(inputs);
    if (channels !== MEANS.length) throw new Mismatch('images with three channels');
    return { output: [height, width, channels], weights: [] };
  }

  override call({ tape }: CallContext, inputs: readonly Tensor[]): Tensor {
    return tape.apply(reverseChannels, { x: first(inputs) }, caffeScale(this.options));
  }
}
