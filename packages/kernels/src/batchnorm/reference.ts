/** Batch normalization over the rows of a (rows, channels) array, in plain loops, in float64. */
import { type Arrays, absolute, EPSILON } from '../runtime/kernel.js';

export interface Statistics {
  readonly mean: Float64Array;
  /** Biased: divided by the number of rows. */
  readonly variance: Float64Array;
}

export function statistics(x: Float64Array, channels: number): Statistics {
  const rows = x.length / channels;
  const mean = new Float64Array(channels);
  const variance = new Float64Array(channels);
  x.forEach((value, i) => {
    mean[i % channels] = (mean[i % channels] as number) + value / rows;
  });
  x.forEach((value, i) => {
    const c = i % channels;
    variance[c] = (variance[c] as number) + (value - (mean[c] as number)) ** 2 / rows;
  });
  return { mean, variance };
}

/** y = γ · (x − mean) / √(variance + ε) + β; an empty γ stands for ones, an empty β for zeros. */
export function normalize(
  x: Float64Array,
  { mean, variance }: Statistics,
  gamma: Float64Array,
  beta: Float64Array,
  epsilon: number,
): Float64Array {
  const channels = mean.length;
  return x.map((value, i) => {
    const c = i % channels;
    const xhat = (value - (mean[c] as number)) / Math.sqrt((variance[c] as number) + epsilon);
    return (gamma[c] ?? 1) * xhat + (beta[c] ?? 0);
  });
}

/**
 * The gradients of β and γ, and the numbers of each channel that the gradient of the input is made of. An empty γ
 * stands for ones.
 */
export function parameterGradients(
  { rows, epsilon }: { readonly rows: number; readonly epsilon: number },
  { x, dY, mean, variance, gamma }: Readonly<Record<'x' | 'dY' | 'mean' | 'variance' | 'gamma', Float64Array>>,
): Record<'dBeta' | 'dGamma' | 'coefficients', Float64Array> {
  const channels = mean.length;
  const deviation = variance.map((value) => Math.sqrt(value + epsilon));
  const dBeta = new Float64Array(channels);
  const dGamma = new Float64Array(channels);
  dY.forEach((gradient, i) => {
    const c = i % channels;
    const xhat = ((x[i] as number) - (mean[c] as number)) / (deviation[c] as number);
    dBeta[c] = (dBeta[c] as number) + gradient;
    dGamma[c] = (dGamma[c] as number) + gradient * xhat;
  });
  const coefficients = Float64Array.of(
    ...mean,
    ...deviation.map((value, c) => (gamma[c] ?? 1) / value),
    ...dBeta.map((value) => value / rows),
    ...dGamma.map((value, c) => value / (deviation[c] as number) / rows),
  );
  return { dBeta, dGamma, coefficients };
}

/** dX = factor · (dY − (share + (x − center) · slope)), with the coefficients of each channel. */
export function inputGradient(x: Float64Array, dY: Float64Array, coefficients: Float64Array): Float64Array {
  const channels = coefficients.length / 4;
  return dY.map((value, i) => {
    const [center = 0, factor = 0, share = 0, slope = 0] = [0, 1, 2, 3].map(
      (k) => coefficients[k * channels + (i % channels)],
    );
    return factor * (value - (share + ((x[i] as number) - center) * slope));
  });
}

/**
 * Sums of the absolute terms of {@link statistics}, where the rows are cut into parts, each part adds up its
 * differences d = x − origin from its first row, and the parts' means and squares are joined.
 *
 * @param starts the parts' first rows, in order
 * @param terms roundings behind one result
 */
export function statisticsMagnitudes(
  x: Float64Array,
  {
    channels,
    starts,
    terms,
  }: { readonly channels: number; readonly starts: readonly number[]; readonly terms: number },
): Statistics {
  const rows = x.length / channels;
  const { mean } = statistics(x, channels);
  const magnitudes = { mean: new Float64Array(channels), variance: new Float64Array(channels) };
  for (let c = 0; c < channels; c++) {
    let [means, squares, deviations] = [0, 0, 0];
    starts.forEach((first, part) => {
      const n = (starts[part + 1] ?? rows) - first;
      const origin = x[first * channels + c] as number;
      let sum = 0;
      for (let row = first; row < first + n; row++) {
        const d = (x[row * channels + c] as number) - origin;
        sum += d;
        means += Math.abs(origin) + Math.abs(d);
        squares += d ** 2;
      }
      const deviation = origin + sum / n - (mean[c] as number);
      squares += sum ** 2 / n + n * deviation ** 2;
      deviations += n * Math.abs(deviation);
    });
    const ofMean = means / rows;
    magnitudes.mean[c] = ofMean;
    // A mean that is off moves the deviations: their squares change by 2 · deviation · error + error².
    magnitudes.variance[c] = squares / rows + 2 * (deviations / rows) * ofMean + EPSILON * terms * ofMean ** 2;
  }
  return magnitudes;
}

/** Inputs whose terms all add up: x − mean becomes |x| + |mean|. */
export function deviationsAddedUp<A extends Arrays<'mean'>>(inputs: A): A {
  const positive = absolute(inputs);
  return { ...positive, mean: positive.mean.map((value) => -value) };
}

/** |factor| · (|dY| + |share| + (|x| + |center|) · |slope|) */
export function inputGradientMagnitudes(x: Float64Array, dY: Float64Array, coefficients: Float64Array): Float64Array {
  const channels = coefficients.length / 4;
  // With all but the factor negative, all terms add up.
  const signed = coefficients.map((value, i) => (Math.floor(i / channels) === 1 ? 1 : -1) * Math.abs(value));
  return inputGradient(x.map(Math.abs), dY.map(Math.abs), signed);
}
