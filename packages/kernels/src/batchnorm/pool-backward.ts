/**
 * The gradients of batch normalization with the max pooling behind it, as one: only the elements that won their windows
 * have a gradient, so that the zeros between them need not be written and read. NHWC; float32, x may be stored as
 * 16 bits. The formulas are those of `backward.ts` and `pooling/max.ts`.
 *
 * A thread computes one channel of a row of windows, so that neighbouring threads read neighbouring channels.
 * Timed by `pnpm anke bench kernels --filter batchnorm/pool`.
 */
import { type Mask, maskReference, maskWgsl } from '../epilogue/epilogue.js';
import {
  type PoolParams,
  poolCases,
  poolConstants,
  poolInputs,
  poolOutputs,
  windowsPerInput,
} from '../pooling/geometry.js';
import { maxPoolGradient, pooledBindings } from '../pooling/max.js';
import { type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { constants, flatGrid, flatRow, opaque } from '../runtime/wgsl.js';
import { FIRST_WINDOW_WGSL } from '../window/geometry.js';
import type { AffineParams } from './affine.js';
import { coefficientCount, gradientBindings, gradientJoin, statisticsBindings } from './gradient-join.js';
import { deviationsAddedUp, inputGradient, inputGradientMagnitudes, parameterGradients } from './reference.js';
import { EPSILON, MASKS } from './shapes.js';

export interface PoolGradientsParams extends PoolParams, AffineParams {
  readonly epsilon: number;
}

const gradientsBindings = {
  x: { access: 'read', type: 'f32', length: poolInputs },
  ...pooledBindings,
  ...statisticsBindings,
  ...gradientBindings,
} as const satisfies Record<string, Binding<PoolGradientsParams>>;

const rows = (p: PoolParams): number => p.batch * p.height * p.width;
const rowsOfWindows = (p: PoolParams): number => p.batch * p.outHeight;
/** Parts for the rows of windows: a power of two near the square root of all windows, so that no sum is long. */
const partCount = (p: PoolParams): number =>
  Math.min(rowsOfWindows(p), 2 ** Math.floor(Math.log2(rowsOfWindows(p) * p.outWidth) / 2));
const rowsPerPart = (p: PoolParams): number => Math.ceil(rowsOfWindows(p) / partCount(p));

/**
 * dβ = Σ dY and dγ = Σ dY · x̂ over the elements that won their windows, and the coefficients for
 * {@link batchNormPoolBackward}. A thread of the first dispatch sums one channel of one part of the rows of windows;
 * the second joins the parts.
 */
export const batchNormPoolGradients = defineKernel<PoolGradientsParams, keyof typeof gradientsBindings>({
  name: 'batchnorm/pool-gradients',
  bindings: gradientsBindings,
  variants: {
    parts: {
      available: () => true,
      bindings: () => ['x', 'dY', 'winner', 'mean', 'variance', 'sums'],
      grid: (p) => flatGrid(partCount(p) * p.channels),
      wgsl: (p) => `
${constants({
  ...poolConstants(p),
  ROWS: rowsOfWindows(p),
  PARTS: partCount(p),
  PART: rowsPerPart(p),
  ROW: flatRow(partCount(p) * p.channels),
  EPSILON: { f32: p.epsilon },
})}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= PARTS * CHANNELS) { return; }
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
    for (var ox = 0u; ox < ${opaque('OUT_W', 'dY')}; ox++) {
      let output = (row * OUT_W + ox) * CHANNELS + c;
      let gradient = dY[output];
      let offset = winner[output];
      let input = (top + offset / POOL_W) * WIDTH + ox * STRIDE_W + offset % POOL_W - u32(PAD_LEFT);
      rowSum += gradient;
      rowProducts = fma(gradient, f32(x[input * CHANNELS + c]) - center, rowProducts);
    }
    sum += rowSum;
    products += rowProducts;
  }
  sums[2u * part * CHANNELS + c] = sum;
  sums[(2u * part + 1u) * CHANNELS + c] = products / sqrt(variance[c] + EPSILON);
}`,
      join: gradientJoin((p) => ({ ...p, rows: rows(p), parts: partCount(p) })),
    },
  },
  cost: (p) => ({ flops: 4 * poolOutputs(p), bytes: bindingBytes(gradientsBindings, p) }),
  terms: (p) => rowsPerPart(p) * p.outWidth + partCount(p) + 24,
  reference: (p, inputs) => {
    const dNormalized = maxPoolGradient(p, inputs.dY, inputs.winner);
    return parameterGradients({ rows: rows(p), epsilon: p.epsilon }, { ...inputs, dY: dNormalized });
  },
  magnitudes(p, inputs) {
    return this.reference(p, deviationsAddedUp(inputs));
  },
  cases: [
    ...poolCases.map((p) => ({ ...p, epsilon: EPSILON })),
    { ...(poolCases[1] as PoolParams), epsilon: EPSILON, scale: false },
  ],
});

export interface PoolBackwardParams extends PoolParams {
  /**
   * Where x is the output of a rectifier, and of the dropout behind it if there is one: the gradient goes through them.
   */
  readonly mask?: Mask;
}

const backwardBindings = {
  x: { access: 'read', type: 'f32', length: poolInputs },
  ...pooledBindings,
  /** From `batchnorm/pool-gradients`. */
  coefficients: { access: 'read', type: 'f32', length: coefficientCount },
  dX: { access: 'write', type: 'f32', length: poolInputs },
} as const satisfies Record<string, Binding<PoolBackwardParams>>;

const windowRows = (p: PoolParams): number => p.batch * Math.ceil(p.height / p.poolHeight);

const backwardHeader = (p: PoolBackwardParams, threads: number): string => `
${constants({ ...poolConstants(p), BATCH: p.batch, ROW: flatRow(threads) })}
${maskWgsl(p.mask, 'x')}

// The gradient of the input, from x and the gradient of the normalized value.
fn backward(value: f32, dNormalized: f32, center: f32, factor: f32, share: f32, slope: f32) -> f32 {
  return masked(factor * (dNormalized - fma(value - center, slope, share)), value);
}`;

const loadCoefficients = `
  let center = coefficients[c];
  let factor = coefficients[CHANNELS + c];
  let share = coefficients[2u * CHANNELS + c];
  let slope = coefficients[3u * CHANNELS + c];`;

/**
 * dX of the normalization from dY of the pooling, with the rectifier before them where there is a mask.
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
  for (var ox = 0u; ox < ${opaque('COLUMNS', 'x')}; ox++) {
    let exists = oy < OUT_H && ox < OUT_W;
    let output = ((n * OUT_H + oy) * OUT_W + ox) * CHANNELS + c;
    let gradient = select(0.0, dY[output], exists);
    let won = winner[output];
    for (var ky = 0u; ky < POOL_H; ky++) {
      for (var kx = 0u; kx < POOL_W; kx++) {
        if (oy * POOL_H + ky < HEIGHT && ox * POOL_W + kx < WIDTH) {
          let input = ((n * HEIGHT + oy * POOL_H + ky) * WIDTH + ox * POOL_W + kx) * CHANNELS + c;
          let dNormalized = select(0.0, gradient, won == ky * POOL_W + kx);
          dX[input] = backward(f32(x[input]), dNormalized, center, factor, share, slope);
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

${FIRST_WINDOW_WGSL}

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
        let offset = (row - oy * STRIDE_H) * POOL_W + column - ox * STRIDE_W;
        if (winner[output] == offset) { sum += dY[output]; }
      }
    }
    let input = (line * WIDTH + ix) * CHANNELS + c;
    dX[input] = backward(f32(x[input]), sum, center, factor, share, slope);
  }
}`,
    },
  },
  cost: (p) => ({ flops: 5 * poolInputs(p), bytes: bindingBytes(backwardBindings, p) }),
  terms: (p) => windowsPerInput(p) + 8,
  reference: (p, { x, dY, winner, coefficients }) => {
    const dNormalized = maxPoolGradient(p, dY, winner);
    return { dX: maskReference(p.mask, inputGradient(x, dNormalized, coefficients), x) };
  },
  magnitudes: ({ mask, ...p }, { x, dY, winner, coefficients }) => {
    const dNormalized = maxPoolGradient(p, dY.map(Math.abs), winner);
    return { dX: inputGradientMagnitudes(x, dNormalized, coefficients).map((value) => value * (mask?.keep ?? 1)) };
  },
  cases: poolCases.map((p, i) => {
    const mask = MASKS[i % MASKS.length];
    return { ...p, ...(mask ? { mask } : {}) };
  }),
});
