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
import { rowsOfWindows } from './pool-forward.js';
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

/** Rows of x, of which the statistics are. */
export const rows = (p: PoolParams): number => p.batch * p.height * p.width;
/** Parts for the rows of windows: a power of two near the square root of all windows, so that no sum is long. */
const partCount = (p: PoolParams): number =>
  Math.min(rowsOfWindows(p), 2 ** Math.floor(Math.log2(rowsOfWindows(p) * p.outWidth) / 2));
const rowsPerPart = (p: PoolParams): number => Math.ceil(rowsOfWindows(p) / partCount(p));

/** WGSL of a row of windows' Σ dY and Σ dY · (x − mean) over the winners in channel c; after `poolConstants`. */
export const ROW_SUMS_WGSL = `
fn rowSums(row: u32, c: u32, center: f32) -> vec2f {
  let top = row / OUT_H * HEIGHT + row % OUT_H * STRIDE_H - u32(PAD_TOP);
  var sum = 0.0;
  var products = 0.0;
  for (var ox = 0u; ox < ${opaque('OUT_W', 'dY')}; ox++) {
    let output = (row * OUT_W + ox) * CHANNELS + c;
    let gradient = dY[output];
    let offset = winner[output];
    let input = (top + offset / POOL_W) * WIDTH + ox * STRIDE_W + offset % POOL_W - u32(PAD_LEFT);
    sum += gradient;
    products = fma(gradient, f32(x[input * CHANNELS + c]) - center, products);
  }
  return vec2f(sum, products);
}`;

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
${ROW_SUMS_WGSL}

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
    // A row is summed by itself and then added, which keeps the rounding error small.
    let ofRow = rowSums(row, c, center);
    sum += ofRow.x;
    products += ofRow.y;
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

/** Rows of windows that lie side by side, with those at the lower edge that are not whole and have no output. */
export const windowRows = (p: PoolParams): number => p.batch * Math.ceil(p.height / p.poolHeight);
export const areSideBySide = (p: PoolParams): boolean =>
  p.strideHeight === p.poolHeight && p.strideWidth === p.poolWidth && p.padTop === 0 && p.padLeft === 0;

/**
 * WGSL of `backwardRow`, which computes dX of a row of windows that lie side by side, or else of a row of elements, in
 * channel c; after `poolConstants`. The coefficients are center, factor, share and slope.
 */
export const backwardRowWgsl = (p: PoolBackwardParams, isByWindows: boolean): string => `
${maskWgsl(p.mask, 'x')}

// The gradient of the input, from x and the gradient of the normalized value.
fn backward(value: f32, dNormalized: f32, k: vec4f) -> f32 {
  return masked(k.y * (dNormalized - fma(value - k.x, k.w, k.z)), value);
}
${isByWindows ? WINDOWS_WGSL : ELEMENTS_WGSL}`;

const WINDOWS_WGSL = `
const ROWS = (HEIGHT + POOL_H - 1u) / POOL_H;
const COLUMNS = (WIDTH + POOL_W - 1u) / POOL_W;

fn backwardRow(line: u32, c: u32, k: vec4f) {
  let n = line / ROWS;
  let oy = line % ROWS;
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
          dX[input] = backward(f32(x[input]), dNormalized, k);
        }
      }
    }
  }
}`;

const ELEMENTS_WGSL = `
${FIRST_WINDOW_WGSL}

fn backwardRow(line: u32, c: u32, k: vec4f) {
  let n = line / HEIGHT;
  let row = line % HEIGHT + u32(PAD_TOP);
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
    dX[input] = backward(f32(x[input]), sum, k);
  }
}`;

/** A thread a row of one channel. */
const byRows = (p: PoolBackwardParams, lines: number, isByWindows: boolean): string => `
${constants({ ...poolConstants(p), LINES: lines, ROW: flatRow(lines * p.channels) })}
${backwardRowWgsl(p, isByWindows)}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  let c = index % CHANNELS;
  let line = index / CHANNELS;
  if (line >= LINES) { return; }
  backwardRow(line, c, vec4f(
    coefficients[c],
    coefficients[CHANNELS + c],
    coefficients[2u * CHANNELS + c],
    coefficients[3u * CHANNELS + c],
  ));
}`;

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
      available: areSideBySide,
      grid: (p) => flatGrid(windowRows(p) * p.channels),
      wgsl: (p) => byRows(p, windowRows(p), true),
    },
    plain: {
      available: () => true,
      grid: (p) => flatGrid(p.batch * p.height * p.channels),
      wgsl: (p) => byRows(p, p.batch * p.height, false),
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
