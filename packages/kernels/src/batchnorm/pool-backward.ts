/**
 * Batch normalization with the max pooling behind it, as one. What lies between them, four times as large as the result,
 * is never written: forward, the normalized values are compared where they are made; backward, only the elements that
 * won their windows have a gradient, which pooling's own backward kernel would write out with all the zeros between.
 * All float32, NHWC. The formulas are those of `forward.ts`, `backward.ts` and `maxpool.ts`, which the tests compare with.
 *
 * A thread computes one channel of a row of windows, so that neighbouring threads read neighbouring channels.
 * Timed by `pnpm anke bench kernels --filter batchnorm/pool`.
 */
import { masked } from '../conv2d/reference.js';
import { cases, type MaxPoolParams, possibleWinner, sizes, window } from '../maxpool/maxpool.js';
import { type Binding, bindingBytes, constants, defineKernel, flatGrid, flatRow } from '../runtime/kernel.js';
import { inputGradient, normalize } from './reference.js';
import { channels, EPSILON, flat } from './shapes.js';

export interface NormalizePoolParams extends MaxPoolParams {
  readonly epsilon: number;
}

const inputs = (p: MaxPoolParams): number => p.batch * p.height * p.width * p.channels;
const outputs = (p: MaxPoolParams): number => p.batch * p.outHeight * p.outWidth * p.channels;
const outputRows = (p: MaxPoolParams): number => p.batch * p.outHeight;

const forwardBindings = {
  // Few distinct values: windows hold ties, and whatever is not one is told apart after rounding too.
  x: { access: 'read', type: 'f32', length: inputs, sample: (_, draw) => draw.integer(5) - 4 },
  mean: { access: 'read', type: 'f32', length: channels },
  variance: { access: 'read', type: 'f32', length: channels, sample: (_, draw) => draw.uniform() + 0.1 },
  gamma: { access: 'read', type: 'f32', length: channels },
  beta: { access: 'read', type: 'f32', length: channels },
  y: { access: 'write', type: 'f32', length: outputs },
  /** ky · poolWidth + kx of the element that won, as `maxpool/forward` writes it. */
  winner: { access: 'write', type: 'u32', length: outputs },
} as const satisfies Record<string, Binding<NormalizePoolParams>>;

/** y = max over each window of γ · (x − mean) / √(variance + ε) + β */
export const batchNormPool = defineKernel<NormalizePoolParams, keyof typeof forwardBindings>({
  name: 'batchnorm/pool',
  bindings: forwardBindings,
  variants: flat<NormalizePoolParams>(
    (p) => outputRows(p) * p.channels,
    (p) => `
${constants({ ...sizes(p), ROWS: outputRows(p), ROW: flatRow(outputRows(p) * p.channels), EPSILON: { f32: p.epsilon } })}
const LOWEST = -0x1.fffffep+127f;


@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  let c = index % CHANNELS;
  let row = index / CHANNELS;
  if (row >= ROWS) { return; }
  let n = row / OUT_H;
  let oy = row % OUT_H;
  let center = mean[c];
  let deviation = sqrt(variance[c] + EPSILON);
  let factor = gamma[c];
  let shift = beta[c];
  for (var ox = 0u; ox < min(OUT_W, arrayLength(&x)); ox++) { // not to be unrolled
    var best = LOWEST;
    var place = 0u;
    var first = true;
    for (var ky = 0u; ky < POOL_H; ky++) {
      let iy = i32(oy * STRIDE_H + ky) - PAD_TOP;
      if (iy < 0 || iy >= i32(HEIGHT)) { continue; }
      for (var kx = 0u; kx < POOL_W; kx++) {
        let ix = i32(ox * STRIDE_W + kx) - PAD_LEFT;
        if (ix < 0 || ix >= i32(WIDTH)) { continue; }
        let value = fma(factor, (x[((n * HEIGHT + u32(iy)) * WIDTH + u32(ix)) * CHANNELS + c] - center) / deviation, shift);
        let wins = first || value > best;
        best = select(best, value, wins);
        place = select(place, ky * POOL_W + kx, wins);
        first = false;
      }
    }
    let output = (row * OUT_W + ox) * CHANNELS + c;
    y[output] = best;
    winner[output] = place;
  }
}`,
  ),
  cost: (p) => ({ flops: 6 * inputs(p), bytes: bindingBytes(forwardBindings, p) }),
  terms: () => 16,
  reference: (p, { x, mean, variance, gamma, beta }) => {
    const normalized = normalize(x, { mean, variance }, gamma, beta, p.epsilon);
    const y = new Float64Array(outputs(p)).fill(-Infinity);
    const winner = new Float64Array(outputs(p));
    for (let i = 0; i < y.length; i++)
      window(p, i, (input, position) => {
        if ((normalized[input] as number) > (y[i] as number)) {
          y[i] = normalized[input] as number;
          winner[i] = position;
        }
      });
    return { y, winner };
  },
  cases: cases.map((p) => ({ ...p, epsilon: EPSILON })),
});

export interface PoolGradientSumsParams extends NormalizePoolParams {
  /** Parts into which the rows of windows are cut. */
  readonly splits: number;
}

const sumsBindings = {
  x: { access: 'read', type: 'f32', length: inputs },
  dY: { access: 'read', type: 'f32', length: outputs },
  winner: { access: 'read', type: 'u32', length: outputs, sample: possibleWinner },
  mean: { access: 'read', type: 'f32', length: channels },
  variance: { access: 'read', type: 'f32', length: channels, sample: (_, draw) => draw.uniform() + 0.1 },
  /** For each part, first the channels' Σ dY, then their Σ dY · x̂, for `batchnorm/gradient-join`. */
  sums: { access: 'write', type: 'f32', length: (p: PoolGradientSumsParams) => 2 * p.splits * p.channels },
} as const satisfies Record<string, Binding<PoolGradientSumsParams>>;

const rowsPerSplit = (p: PoolGradientSumsParams): number => Math.ceil(outputRows(p) / p.splits);

/** Σ dY and Σ dY · x̂ over the elements that won their windows. */
export const batchNormPoolGradientSums = defineKernel<PoolGradientSumsParams, keyof typeof sumsBindings>({
  name: 'batchnorm/pool-gradient-sums',
  bindings: sumsBindings,
  variants: flat<PoolGradientSumsParams>(
    (p) => p.splits * p.channels,
    (p) => `
${constants({
  ...sizes(p),
  ROWS: outputRows(p),
  SPLITS: p.splits,
  PART: rowsPerSplit(p),
  ROW: flatRow(p.splits * p.channels),
  EPSILON: { f32: p.epsilon },
})}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= SPLITS * CHANNELS) { return; }
  let c = index % CHANNELS;
  let part = index / CHANNELS;
  let center = mean[c];
  var sum = 0.0;
  var products = 0.0;
  for (var row = part * PART; row < min((part + 1u) * PART, ROWS); row++) {
    let top = row / OUT_H * HEIGHT + row % OUT_H * STRIDE_H - u32(PAD_TOP);
    // A row is summed by itself and then added, which keeps the rounding error small.
    var rowSum = 0.0;
    var rowProducts = 0.0;
    for (var ox = 0u; ox < min(OUT_W, arrayLength(&dY)); ox++) { // not to be unrolled
      let output = (row * OUT_W + ox) * CHANNELS + c;
      let gradient = dY[output];
      let place = winner[output];
      let input = (top + place / POOL_W) * WIDTH + ox * STRIDE_W + place % POOL_W - u32(PAD_LEFT);
      rowSum += gradient;
      rowProducts = fma(gradient, x[input * CHANNELS + c] - center, rowProducts);
    }
    sum += rowSum;
    products += rowProducts;
  }
  sums[2u * part * CHANNELS + c] = sum;
  sums[(2u * part + 1u) * CHANNELS + c] = products / sqrt(variance[c] + EPSILON);
}`,
  ),
  cost: (p) => ({ flops: 4 * outputs(p), bytes: bindingBytes(sumsBindings, p) }),
  terms: (p) => rowsPerSplit(p) * p.outWidth + 8,
  reference: (p, { x, dY, winner, mean, variance }) => {
    const sums = new Float64Array(2 * p.splits * p.channels);
    dY.forEach((gradient, i) => {
      const c = i % p.channels;
      const row = Math.floor(i / (p.channels * p.outWidth));
      const at = 2 * Math.floor(row / rowsPerSplit(p)) * p.channels + c;
      window(p, i, (input, position) => {
        if (position !== winner[i]) return;
        const xhat = ((x[input] as number) - (mean[c] as number)) / Math.sqrt((variance[c] as number) + p.epsilon);
        sums[at] = (sums[at] as number) + gradient;
        sums[at + p.channels] = (sums[at + p.channels] as number) + gradient * xhat;
      });
    });
    return { sums };
  },
  cases: cases.map((p, i) => ({ ...p, epsilon: EPSILON, splits: [1, 3, 8][i % 3] as number })),
});

/** Parts for the rows of windows: a power of two near the square root of all windows, so that no sum is long. */
export const poolGradientSplits = (p: MaxPoolParams): number =>
  Math.min(outputRows(p), 2 ** Math.floor(Math.log2(outputRows(p) * p.outWidth) / 2));

export interface PoolBackwardParams extends MaxPoolParams {
  /** Where x is the output of a relu: the factor of the dropout behind it, or 1. Else 0. */
  readonly mask: number;
}

const backwardBindings = {
  x: { access: 'read', type: 'f32', length: inputs },
  dY: { access: 'read', type: 'f32', length: outputs },
  winner: { access: 'read', type: 'u32', length: outputs, sample: possibleWinner },
  /** From `batchnorm/gradient-join`. */
  coefficients: { access: 'read', type: 'f32', length: (p: PoolBackwardParams) => 4 * p.channels },
  dX: { access: 'write', type: 'f32', length: inputs },
} as const satisfies Record<string, Binding<PoolBackwardParams>>;

const windowRows = (p: MaxPoolParams): number => p.batch * Math.ceil(p.height / p.poolHeight);

const backwardHeader = (p: PoolBackwardParams, threads: number): string => `
${constants({ ...sizes(p), BATCH: p.batch, MASK: { f32: p.mask }, ROW: flatRow(threads) })}

// The gradient of the input, from x and the gradient of the normalized value.
fn backward(value: f32, dNormalized: f32, center: f32, factor: f32, share: f32, slope: f32) -> f32 {
  let gradient = factor * (dNormalized - fma(value - center, slope, share));
  return ${p.mask === 0 ? 'gradient' : 'select(0.0, MASK * gradient, value > 0.0)'};
}`;

const loadCoefficients = `
  let center = coefficients[c];
  let factor = coefficients[CHANNELS + c];
  let share = coefficients[2u * CHANNELS + c];
  let slope = coefficients[3u * CHANNELS + c];`;

/**
 * dX of the normalization from dY of the pooling, with the relu before them where there is a mask.
 *
 * Variants: `windows`, where windows lie side by side: a thread loads a window's gradient and winner once for all its
 * elements; `plain`: each element asks all windows that cover it.
 */
export const batchNormPoolBackward = defineKernel<PoolBackwardParams, keyof typeof backwardBindings>({
  name: 'batchnorm/pool-backward',
  bindings: backwardBindings,
  variants: {
    windows: {
      available: (p) =>
        p.strideHeight === p.poolHeight && p.strideWidth === p.poolWidth && p.padTop === 0 && p.padLeft === 0,
      grid: (p) => flatGrid(windowRows(p) * p.channels),
      wgsl: (p) => `${backwardHeader(p, windowRows(p) * p.channels)}

// Windows, with those at the lower and right edge that are not whole and have no output.
const ROWS = (HEIGHT + POOL_H - 1u) / POOL_H;
const COLUMNS = (WIDTH + POOL_W - 1u) / POOL_W;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  let c = index % CHANNELS;
  let row = index / CHANNELS;
  if (row >= BATCH * ROWS) { return; }
  let n = row / ROWS;
  let oy = row % ROWS;
${loadCoefficients}
  for (var ox = 0u; ox < min(COLUMNS, arrayLength(&x)); ox++) { // not to be unrolled
    let exists = oy < OUT_H && ox < OUT_W;
    let output = ((n * OUT_H + oy) * OUT_W + ox) * CHANNELS + c;
    let gradient = select(0.0, dY[output], exists);
    let place = winner[output];
    for (var ky = 0u; ky < POOL_H; ky++) {
      for (var kx = 0u; kx < POOL_W; kx++) {
        if (oy * POOL_H + ky < HEIGHT && ox * POOL_W + kx < WIDTH) {
          let input = ((n * HEIGHT + oy * POOL_H + ky) * WIDTH + ox * POOL_W + kx) * CHANNELS + c;
          let won = select(0.0, gradient, place == ky * POOL_W + kx);
          dX[input] = backward(x[input], won, center, factor, share, slope);
        }
      }
    }
  }
}`,
    },
    plain: {
      available: () => true,
      grid: (p) => flatGrid(p.batch * p.height * p.channels),
      wgsl: (p) => `${backwardHeader(p, p.batch * p.height * p.channels)}

// The first window that covers a place: the least o with o·stride + window − 1 >= place.
fn firstWindow(place: u32, window: u32, stride: u32) -> u32 {
  if (place < window) { return 0u; }
  return (place - window) / stride + 1u;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  let c = index % CHANNELS;
  let line = index / CHANNELS;
  if (line >= BATCH * HEIGHT) { return; }
  let n = line / HEIGHT;
  let row = line % HEIGHT + u32(PAD_TOP);
${loadCoefficients}
  for (var ix = 0u; ix < WIDTH; ix++) {
    let column = ix + u32(PAD_LEFT);
    var sum = 0.0;
    for (var oy = firstWindow(row, POOL_H, STRIDE_H); oy < OUT_H && oy * STRIDE_H <= row; oy++) {
      for (var ox = firstWindow(column, POOL_W, STRIDE_W); ox < OUT_W && ox * STRIDE_W <= column; ox++) {
        let output = ((n * OUT_H + oy) * OUT_W + ox) * CHANNELS + c;
        let place = (row - oy * STRIDE_H) * POOL_W + column - ox * STRIDE_W;
        if (winner[output] == place) { sum += dY[output]; }
      }
    }
    let input = (line * WIDTH + ix) * CHANNELS + c;
    dX[input] = backward(x[input], sum, center, factor, share, slope);
  }
}`,
    },
  },
  cost: (p) => ({ flops: 5 * inputs(p), bytes: bindingBytes(backwardBindings, p) }),
  terms: (p) => Math.ceil(p.poolHeight / p.strideHeight) * Math.ceil(p.poolWidth / p.strideWidth) + 8,
  reference: (p, { x, dY, winner, coefficients }) => {
    const dNormalized = new Float64Array(inputs(p));
    dY.forEach((gradient, i) => {
      window(p, i, (input, position) => {
        if (position === winner[i]) dNormalized[input] = (dNormalized[input] as number) + gradient;
      });
    });
    return { dX: masked(inputGradient(x, dNormalized, coefficients), x, p.mask) };
  },
  cases: cases.map((p, i) => ({ ...p, mask: [0, 1, 4 / 3][i % 3] as number })),
});
