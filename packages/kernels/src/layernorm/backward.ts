/**
 * The gradients of layer normalization, with x̂ = (x − mean) · inverse and g = dY · gamma:
 *
 *   dX = inverse · (g − a − x̂ · b)        a = Σ_c g / channels,  b = Σ_c g · x̂ / channels        of each row
 *   dGamma = Σ_rows dY · x̂                dBeta = Σ_rows dY                                        of each channel
 *
 * x may be stored as float16. Timed by `pnpm anke bench kernels --filter layernorm`.
 */
import { partCount, rowsPerPart } from '../batchnorm/shapes.js';
import { type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { constants, flatGrid, flatRow, opaque } from '../runtime/wgsl.js';
import { cases, channels, elements, type LayerNormParams, rows, rowwise } from './shapes.js';

const saved = {
  x: { access: 'read', type: 'f32', length: elements },
  dY: { access: 'read', type: 'f32', length: elements },
  mean: { access: 'read', type: 'f32', length: rows },
  inverse: { access: 'read', type: 'f32', length: rows, sample: (_, draw) => draw.uniform() + 0.5 },
} as const satisfies Record<string, Binding<LayerNormParams>>;

const backwardBindings = {
  ...saved,
  gamma: { access: 'read', type: 'f32', length: channels, needed: (p) => p.scale },
  dX: { access: 'write', type: 'f32', length: elements },
} as const satisfies Record<string, Binding<LayerNormParams>>;

/** dX; variants as in the forward kernel. */
export const layerNormBackward = defineKernel<LayerNormParams, keyof typeof backwardBindings>({
  name: 'layernorm/backward',
  bindings: backwardBindings,
  variants: rowwise<LayerNormParams>('x', (p) => {
    const gradient = `dY[start + c]${p.scale ? ' * gamma[c]' : ''}`;
    return `
  let start = row * CHANNELS;
  let known = min(row, ROWS - 1u);
  let center = mean[known];
  let factor = inverse[known];
  var sum = 0.0;
  var products = 0.0;
  for (var c = first; c < CHANNELS; c += STEP) {
    let g = ${gradient};
    sum += g;
    products = fma(g, (f32(x[start + c]) - center) * factor, products);
  }
  let a = total(sum) / f32(CHANNELS);
  let b = total(products) / f32(CHANNELS);
  for (var c = first; c < CHANNELS; c += STEP) {
    let normalized = (f32(x[start + c]) - center) * factor;
    dX[start + c] = factor * (${gradient} - fma(normalized, b, a));
  }`;
  }),
  cost: (p) => ({ flops: 11 * elements(p), bytes: bindingBytes(backwardBindings, p) }),
  // The sums, a quotient, and eight roundings around them.
  terms: (p) => p.channels + 11,
  reference: (p, inputs) => ({ dX: inputGradient(p, inputs, (g, a, b) => g - a - b) }),
  magnitudes: (p, inputs) => ({ dX: inputGradient(p, inputs, (g, a, b) => g + a + b, Math.abs) }),
  cases,
});

type Saved = Readonly<Record<'x' | 'dY' | 'mean' | 'inverse' | 'gamma', Float64Array>>;

/** @param size is applied to each term */
function inputGradient(
  p: LayerNormParams,
  { x, dY, mean, inverse, gamma }: Saved,
  join: (g: number, a: number, b: number) => number,
  size = (value: number): number => value,
): Float64Array {
  const dX = new Float64Array(x.length);
  for (let row = 0; row < p.rows; row++) {
    const factor = inverse[row] as number;
    const terms = Array.from({ length: p.channels }, (_, c) => {
      const i = row * p.channels + c;
      const g = size((dY[i] as number) * (p.scale ? (gamma[c] as number) : 1));
      return { g, normalized: size(((x[i] as number) - (mean[row] as number)) * factor) };
    });
    const a = terms.reduce((sum, { g }) => sum + g, 0) / p.channels;
    const b = terms.reduce((sum, { g, normalized }) => sum + g * normalized, 0) / p.channels;
    terms.forEach(({ g, normalized }, c) => {
      dX[row * p.channels + c] = factor * join(g, a, normalized * b);
    });
  }
  return dX;
}

const gradientsBindings = {
  ...saved,
  dGamma: { access: 'write', type: 'f32', length: channels, needed: (p) => p.scale },
  dBeta: { access: 'write', type: 'f32', length: channels, needed: (p) => p.center },
} as const satisfies Record<string, Binding<LayerNormParams>>;

/**
 * dGamma and dBeta, of which one is needed at least. A thread of the first dispatch sums one channel of one part of the
 * rows, so that neighbouring threads read neighbouring elements; the second joins the parts.
 */
export const layerNormGradients = defineKernel<LayerNormParams, keyof typeof gradientsBindings>({
  name: 'layernorm/gradients',
  bindings: gradientsBindings,
  variants: {
    parts: {
      available: () => true,
      bindings: () => ['x', 'dY', 'mean', 'inverse', 'sums'],
      grid: (p) => flatGrid(partCount(p) * p.channels),
      wgsl: (p) => `
${constants({
  ROWS: p.rows,
  CHANNELS: p.channels,
  PARTS: partCount(p),
  PART: rowsPerPart(p),
  ROW: flatRow(partCount(p) * p.channels),
})}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= PARTS * CHANNELS) { return; }
  let channel = index % CHANNELS;
  let part = index / CHANNELS;
  var sum = 0.0;
  var products = 0.0;
  for (var row = part * PART; row < min((part + 1u) * PART, ROWS); row++) {
    let gradient = dY[row * CHANNELS + channel];
    sum += gradient;
    products = fma(gradient, (f32(x[row * CHANNELS + channel]) - mean[row]) * inverse[row], products);
  }
  sums[2u * part * CHANNELS + channel] = sum;
  sums[(2u * part + 1u) * CHANNELS + channel] = products;
}`,
      join: {
        scratch: (p) => ({ sums: 2 * partCount(p) * p.channels }),
        bindings: (p) => ['sums', ...(p.scale ? ['dGamma'] : []), ...(p.center ? ['dBeta'] : [])],
        grid: (p) => flatGrid(p.channels),
        wgsl: (p) => `
${constants({ CHANNELS: p.channels, PARTS: partCount(p), ROW: flatRow(p.channels) })}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let channel = thread.y * ROW + thread.x;
  if (channel >= CHANNELS) { return; }
  var sum = 0.0;
  var products = 0.0;
  for (var part = 0u; part < ${opaque('PARTS', 'sums')}; part++) {
    sum += sums[2u * part * CHANNELS + channel];
    products += sums[(2u * part + 1u) * CHANNELS + channel];
  }
  ${p.scale ? 'dGamma[channel] = products;' : ''}
  ${p.center ? 'dBeta[channel] = sum;' : ''}
}`,
      },
    },
  },
  cost: (p) => ({ flops: 5 * elements(p), bytes: bindingBytes(gradientsBindings, p) }),
  terms: (p) => rowsPerPart(p) + partCount(p) + 3,
  reference: (p, inputs) => parameterGradients(p, inputs),
  magnitudes: (p, inputs) => parameterGradients(p, inputs, Math.abs),
  cases: cases.filter(({ scale, center }) => scale || center),
});

/** @param size is applied to each term */
function parameterGradients(
  p: LayerNormParams,
  { x, dY, mean, inverse }: Omit<Saved, 'gamma'>,
  size = (value: number): number => value,
): { dGamma?: Float64Array; dBeta?: Float64Array } {
  const [dGamma, dBeta] = [new Float64Array(p.channels), new Float64Array(p.channels)];
  dY.forEach((gradient, i) => {
    const [row, c] = [Math.floor(i / p.channels), i % p.channels];
    const normalized = ((x[i] as number) - (mean[row] as number)) * (inverse[row] as number);
    dGamma[c] = (dGamma[c] as number) + size(gradient * normalized);
    dBeta[c] = (dBeta[c] as number) + size(gradient);
  });
  return { ...(p.scale ? { dGamma } : {}), ...(p.center ? { dBeta } : {}) };
}
