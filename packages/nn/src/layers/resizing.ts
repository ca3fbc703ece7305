/** Resamples (height, width, channels) images to another size. */
import { quoted } from '@anke/messages';
import type { Shape, Tensor } from '../autograd/tensor.js';
import { type Interpolation, resize } from '../operations/resize.js';
import type { CallContext, Inference, LayerOptions } from './definition.js';
import { batchOf, first, image, positiveInteger } from './expect.js';
import { Layer } from './layer.js';

export type { Interpolation };
export const INTERPOLATIONS: readonly Interpolation[] = ['bilinear', 'nearest'];

export interface ResizingOptions extends LayerOptions {
  readonly height: number;
  readonly width: number;
  /** `bilinear` if absent: between the centres of pixels, without antialiasing. */
  readonly interpolation?: Interpolation;
}

export class Resizing extends Layer<ResizingOptions> {
  override readonly type = 'Resizing';

  constructor(options: ResizingOptions) {
    super(options);
    const { height, width, interpolation = 'bilinear' } = options;
    this.require(positiveInteger(height) && positiveInteger(width), 'height and width must be positive integers');
    this.require(INTERPOLATIONS.includes(interpolation), `no interpolation ${quoted(interpolation)}`);
  }

  override infer(inputs: readonly Shape[]): Inference {
    const { height, width } = this.options;
    return { output: [height, width, image(inputs).channels], weights: [] };
  }

  override call({ tape }: CallContext, inputs: readonly Tensor[]): Tensor {
    const x = first(inputs);
    const { height: outHeight, width: outWidth, interpolation = 'bilinear' } = this.options;
    return tape.apply(resize, { x }, { params: { ...batchOf(x), outHeight, outWidth }, interpolation });
  }
}
