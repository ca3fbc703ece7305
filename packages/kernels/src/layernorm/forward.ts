/**
 * Layer normalization (Ba et al., 2016): each row of (rows, channels) by its own mean and biased variance.
 *
 *   y = gamma · (x − mean) · inverse + beta        inverse = 1 / √(variance + epsilon)
 *
 * gamma and beta have an element a channel; either may be left out. mean and inverse have one a row, for the backward
 * pass. x and y are float32 or float16. Variants, timed by `pnpm anke bench kernels --filter layernorm`:
 * - `shared`: up to 64 threads share a row, and read its elements side by side.
 * - `plain`: a thread a row.
 */
import { type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { constants } from '../runtime/wgsl.js';
import { cases, channels, elements, type LayerNormParams, rows, rowwise } from './shapes.js';

export interface LayerNormForwardParams extends LayerNormParams {
  readonly epsilon: number;
}

const bindings = {
  x: { access: 'read', type: 'f32', length: elements },
  gamma: { access: 'read', type: 'f32', length: channels, needed: (p) => p.scale },
  beta: { access: 'read', type: 'f32', length: channels, needed: (p) => p.center },
  y: { access: 'write', type: 'f32', length: elements },
  mean: { access: 'write', type: 'f32', length: rows },
  inverse: { access: 'write', type: 'f32', length: rows },
} as const satisfies Record<string, Binding<LayerNormForwardParams>>;

export const layerNorm = defineKernel<LayerNormForwardParams, keyof typeof bindings>({
  name: 'layernorm/forward',
  bindings,
  variants: rowwise<LayerNormForwardParams>(
    'x',
    (p) => `${constants({ EPSILON: { f32: p.epsilon } })}
  let start = row * CHANNELS;
  var sum = 0.0;
  for (var c = first; c < CHANNELS; c += STEP) { sum += f32(x[start + c]); }
  let center = total(sum) / f32(CHANNELS);
  var squares = 0.0;
  for (var c = first; c < CHANNELS; c += STEP) {
    let deviation = f32(x[start + c]) - center;
    squares = fma(deviation, deviation, squares);
  }
  let factor = 1.0 / sqrt(total(squares) / f32(CHANNELS) + EPSILON);
  for (var c = first; c < CHANNELS; c += STEP) {
    let normalized = (f32(x[start + c]) - center) * factor;
    y[start + c] = y_t(${p.scale ? 'gamma[c] * ' : ''}normalized${p.center ? ' + beta[c]' : ''});
  }
  if (first == 0u) {
    mean[row] = center;
    inverse[row] = factor;
  }`,
  ),
  cost: (p) => ({ flops: 8 * elements(p), bytes: bindingBytes(bindings, p) }),
  // Counted in the magnitudes: how precise a row's deviation is depends on its mean.
  terms: () => 1,
  reference(p, { x, gamma, beta }) {
    const { mean, inverse } = statistics(p, x);
    const y = x.map((value, i) => {
      const [row, c] = [Math.floor(i / p.channels), i % p.channels];
      const normalized = (value - (mean[row] as number)) * (inverse[row] as number);
      return (p.scale ? (gamma[c] as number) : 1) * normalized + (p.center ? (beta[c] as number) : 0);
    });
    return { y, mean, inverse };
  },
  magnitudes(p, { x, gamma, beta }) {
    const { mean, inverse, size } = statistics(p, x);
    // The sum, and a quotient, which may be off by 2.5 units in the last place.
    const ofMean = size.map((value) => (p.channels + 3) * value);
    // Relative to it: half of what the variance is off by, with its sum, its quotient and 2 · mean |deviation| times
    // the error of the mean; then a root and a quotient.
    const ofInverse = inverse.map((value, row) => (ofMean[row] as number) * value + p.channels / 2 + 10);
    const y = x.map((value, i) => {
      const [row, c] = [Math.floor(i / p.channels), i % p.channels];
      const [factor, shift] = [p.scale ? Math.abs(gamma[c] as number) : 1, p.center ? Math.abs(beta[c] as number) : 0];
      const deviation = Math.abs(value - (mean[row] as number));
      const moved = (ofMean[row] as number) + deviation * ((ofInverse[row] as number) + 3);
      return factor * (inverse[row] as number) * (moved + deviation) + shift;
    });
    return { y, mean: ofMean, inverse: inverse.map((value, row) => value * (ofInverse[row] as number)) };
  },
  cases: cases.map((p) => ({ ...p, epsilon: 1e-3 })),
});

/** Of each row: mean, 1 / √(variance + epsilon), and the mean of the absolute values. */
function statistics(p: LayerNormForwardParams, x: Float64Array) {
  const [mean, inverse, size] = [0, 1, 2].map(() => new Float64Array(p.rows)) as [
    Float64Array<ArrayBuffer>,
    Float64Array<ArrayBuffer>,
    Float64Array<ArrayBuffer>,
  ];
  for (let row = 0; row < p.rows; row++) {
    const values = x.subarray(row * p.channels, (row + 1) * p.channels);
    const average = (of: (value: number) => number): number =>
      values.reduce((sum, value) => sum + of(value), 0) / p.channels;
    const center = average((value) => value);
    mean[row] = center;
    size[row] = average(Math.abs);
    inverse[row] = 1 / Math.sqrt(average((value) => (value - center) ** 2) + p.epsilon);
  }
  return { mean, inverse, size };
}
