/** Adds normally distributed noise while training; does nothing else. */
import type { Shape, Tensor } from '../autograd/tensor.js';
import { gaussianNoise } from '../operations/gaussian-noise.js';
import type { CallContext, Inference, LayerOptions } from './definition.js';
import { first, single } from './expect.js';
import { Layer } from './layer.js';

export interface GaussianNoiseOptions extends LayerOptions {
  /** Standard deviation of the noise. */
  readonly stddev: number;
}

export class GaussianNoise extends Layer<GaussianNoiseOptions> {
  override readonly type = 'GaussianNoise';

  constructor(options: GaussianNoiseOptions) {
    super(options);
    const { stddev } = options;
    this.require(stddev >= 0 && Number.isFinite(stddev), `stddev must not be negative, but is ${stddev}`);
  }

  override infer(inputs: readonly Shape[]): Inference {
    return { output: single(inputs), weights: [] };
  }

  override call({ tape, training, counters, index }: CallContext, inputs: readonly Tensor[]): Tensor {
    const x = first(inputs);
    const { stddev } = this.options;
    return training && stddev > 0 ? tape.apply(gaussianNoise, { x }, { stddev, layer: index, counters }) : x;
  }
}
