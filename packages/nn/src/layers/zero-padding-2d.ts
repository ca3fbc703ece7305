/** Adds rows and columns of zeros around (height, width, channels) images. */
import type { Shape, Tensor } from '../autograd/tensor.js';
import { pad } from '../operations/pad.js';
import type { CallContext, Inference, LayerOptions } from './definition.js';
import { batchOf, first, image, type Pair } from './expect.js';
import { Layer } from './layer.js';

export interface ZeroPadding2DOptions extends LayerOptions {
  /**
   * Rows and columns on all sides; on (top and bottom, left and right); or [[top, bottom], [left, right]]. 1 if
   * absent.
   */
  readonly padding?: Pair | readonly [readonly [number, number], readonly [number, number]];
}

export class ZeroPadding2D extends Layer<ZeroPadding2DOptions> {
  override readonly type = 'ZeroPadding2D';

  constructor(options: ZeroPadding2DOptions = {}) {
    super(options);
    const whole = Object.values(this.#sides).every((side) => Number.isInteger(side) && side >= 0);
    this.require(whole, 'padding must hold whole numbers that are not negative');
  }

  override infer(inputs: readonly Shape[]): Inference {
    const { height, width, channels } = image(inputs);
    const { top, bottom, left, right } = this.#sides;
    return { output: [top + height + bottom, left + width + right, channels], weights: [] };
  }

  override call({ tape }: CallContext, inputs: readonly Tensor[]): Tensor {
    const x = first(inputs);
    return tape.apply(pad, { x }, { ...batchOf(x), ...this.#sides });
  }

  get #sides(): { readonly top: number; readonly bottom: number; readonly left: number; readonly right: number } {
    const { padding = 1 } = this.options;
    const [vertical, horizontal] = typeof padding === 'number' ? [padding, padding] : padding;
    const [top, bottom] = typeof vertical === 'number' ? [vertical, vertical] : vertical;
    const [left, right] = typeof horizontal === 'number' ? [horizontal, horizontal] : horizontal;
    return { top, bottom, left, right };
  }
}
