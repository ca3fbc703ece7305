/** Means and variances of samples, for a `Normalization` that is adapted to them. */
import { checkScale, type Samples } from './device-data.js';

export interface ChannelMoments {
  /** One for each channel: the last axis of a sample. */
  readonly mean: readonly number[];
  /** The mean of squared distances from the mean, as Keras's `adapt` computes it. */
  readonly variance: readonly number[];
}

/**
 * Each channel's mean and variance over all samples, as they come into a model: pixel · rescale + offset. Bytes are
 * counted first, so that the result is exact to a rounding; numbers are added up in float64.
 *
 * @throws ModelError if the samples' scale is not finite
 */
export function channelMoments(samples: Pick<Samples, 'pixels' | 'shape' | 'rescale' | 'offset'>): ChannelMoments {
  checkScale(samples);
  const { pixels, shape, rescale = 1, offset = 0 } = samples;
  const channels = shape.at(-1) ?? 1;
  const all = pixels.length / channels;
  if (pixels instanceof Float32Array) {
    const means = (of: (value: number, channel: number) => number): number[] => {
      const sums = new Array<number>(channels).fill(0);
      pixels.forEach((pixel, i) => {
        const c = i % channels;
        sums[c] = (sums[c] as number) + of(pixel * rescale + offset, c);
      });
      return sums.map((sum) => sum / all);
    };
    const mean = means((value) => value);
    return { mean, variance: means((value, c) => (value - (mean[c] as number)) ** 2) };
  }
  const counts = Array.from({ length: channels }, () => new Float64Array(256));
  pixels.forEach((byte, i) => {
    const own = counts[i % channels] as Float64Array;
    own[byte] = (own[byte] as number) + 1;
  });
  const moment = (own: Float64Array, of: (value: number) => number): number =>
    own.reduce((sum, times, byte) => sum + times * of(byte * rescale + offset), 0) / all;
  const mean = counts.map((own) => moment(own, (value) => value));
  const variance = counts.map((own, c) => moment(own, (value) => (value - (mean[c] as number)) ** 2));
  return { mean, variance };
}
