/** Batch normalization over the rows of a (rows, channels) array, in plain loops, in float64. */

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

/** y = γ · (x − mean) / √(variance + ε) + β */
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
    return (gamma[c] as number) * xhat + (beta[c] as number);
  });
}

/** dβ = Σ dY, dγ = Σ dY · x̂, dX = γ / √(variance + ε) · (dY − dβ / rows − x̂ · dγ / rows) */
export function normalizeBackward(
  x: Float64Array,
  dY: Float64Array,
  { mean, variance }: Statistics,
  gamma: Float64Array,
  epsilon: number,
): { dX: Float64Array; dGamma: Float64Array; dBeta: Float64Array } {
  const channels = mean.length;
  const rows = x.length / channels;
  const deviation = variance.map((value) => Math.sqrt(value + epsilon));
  const xhat = x.map((value, i) => (value - (mean[i % channels] as number)) / (deviation[i % channels] as number));
  const dGamma = new Float64Array(channels);
  const dBeta = new Float64Array(channels);
  dY.forEach((value, i) => {
    const c = i % channels;
    dBeta[c] = (dBeta[c] as number) + value;
    dGamma[c] = (dGamma[c] as number) + value * (xhat[i] as number);
  });
  const dX = dY.map((value, i) => {
    const c = i % channels;
    const centred = value - (dBeta[c] as number) / rows - ((xhat[i] as number) * (dGamma[c] as number)) / rows;
    return ((gamma[c] as number) / (deviation[c] as number)) * centred;
  });
  return { dX, dGamma, dBeta };
}
