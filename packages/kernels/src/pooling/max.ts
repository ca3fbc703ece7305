/**
 * Max pooling: the largest element under each window of an NHWC tensor, and its gradient.
 *
 *   Y[n, oy, ox, c] = max over the window of X[n, oy·sh + ky − top, ox·sw + kx − left, c]
 *   dX[n, iy, ix, c] = Σ dY of the windows whose largest element this is; of equals, the first (by ky, then kx) counts
 *
 * A window with an element that is not finite becomes NaN: some devices would take another one for the largest.
 *
 * The forward kernel also writes which element of its window won, as ky·kw + kx, so that the backward one need not
 * search again. Backward, each input gathers from the windows that cover it. A thread an element in both.
 * Timed by `pnpm anke bench kernels --filter pooling/max`.
 */
import { EXPONENT_WGSL } from '../finite/faults.js';
import { absolute, type Binding, bindingBytes, type Draw, defineKernel } from '../runtime/kernel.js';
import { constants, flatGrid, flatRow } from '../runtime/wgsl.js';
import { FIRST_WINDOW_WGSL } from '../window/geometry.js';
import {
  type PoolParams,
  poolCases,
  poolConstants,
  poolInputs,
  poolOutputs,
  visitWindow,
  windowsPerInput,
} from './geometry.js';

const forwardBindings = {
  // Few distinct values, so that windows hold ties; all negative in some windows, so that padding must not win.
  x: { access: 'read', type: 'f32', length: poolInputs, sample: (_, draw) => draw.integer(5) - 4 },
  y: { access: 'write', type: 'f32', length: poolOutputs },
  winner: { access: 'write', type: 'u32', length: poolOutputs },
} as const satisfies Record<string, Binding<PoolParams>>;

export const maxPoolForward = defineKernel<PoolParams, keyof typeof forwardBindings>({
  name: 'pooling/max-forward',
  bindings: forwardBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(poolOutputs(p)),
      wgsl: (p) => `
${constants({ ...poolConstants(p), OUTPUTS: poolOutputs(p), ROW: flatRow(poolOutputs(p)) })}
const LOWEST = -0x1.fffffep+127f;
${EXPONENT_WGSL}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= OUTPUTS) { return; }
  let c = index % CHANNELS;
  let ox = index / CHANNELS % OUT_W;
  let oy = index / (CHANNELS * OUT_W) % OUT_H;
  let n = index / (CHANNELS * OUT_W * OUT_H);
  var best = LOWEST;
  var exponent = 0u;
  var offset = 0u;
  var first = true;
  for (var ky = 0u; ky < POOL_H; ky++) {
    let iy = i32(oy * STRIDE_H + ky) - PAD_TOP;
    if (iy < 0 || iy >= i32(HEIGHT)) { continue; }
    for (var kx = 0u; kx < POOL_W; kx++) {
      let ix = i32(ox * STRIDE_W + kx) - PAD_LEFT;
      if (ix < 0 || ix >= i32(WIDTH)) { continue; }
      let value = f32(x[((n * HEIGHT + u32(iy)) * WIDTH + u32(ix)) * CHANNELS + c]);
      exponent = max(exponent, exponentOf(value));
      if (first || value > best) {
        best = value;
        offset = ky * POOL_W + kx;
        first = false;
      }
    }
  }
  y[index] = y_t(unlessNotFinite(best, exponent));
  winner[index] = offset;
}`,
    },
  },
  cost: (p) => ({ flops: poolOutputs(p) * p.poolHeight * p.poolWidth, bytes: bindingBytes(forwardBindings, p) }),
  terms: () => 0,
  reference: (p, { x }) => maxPoolReference(p, x),
  magnitudes(p, inputs) {
    return this.reference(p, inputs);
  },
  cases: poolCases,
});

/** Max pooling in plain loops, in float64. */
export function maxPoolReference(p: PoolParams, x: Float64Array): { y: Float64Array; winner: Float64Array } {
  const y = new Float64Array(poolOutputs(p)).fill(Number.NEGATIVE_INFINITY);
  const winner = new Float64Array(poolOutputs(p));
  for (let i = 0; i < y.length; i++)
    visitWindow(p, i, (input, offset) => {
      const value = x[input] as number;
      // NaN stays: nothing is larger.
      if (!Number.isFinite(Math.fround(value))) y[i] = Number.NaN;
      if (value > (y[i] as number)) {
        y[i] = value;
        winner[i] = offset;
      }
    });
  return { y, winner };
}

/** An offset that lies inside the image for this output's window, so that random winners are possible ones. */
const possibleWinner = (p: PoolParams, draw: Draw, output: number): number => {
  const offsets: number[] = [];
  visitWindow(p, output, (_, offset) => offsets.push(offset));
  return offsets[draw.integer(offsets.length)] as number;
};

/** What comes back to a pooling: the gradient of its output, and which element won each window. */
export const pooledBindings = {
  dY: { access: 'read', type: 'f32', length: poolOutputs },
  winner: { access: 'read', type: 'u32', length: poolOutputs, sample: possibleWinner },
} as const satisfies Record<string, Binding<PoolParams>>;

const backwardBindings = {
  ...pooledBindings,
  dX: { access: 'write', type: 'f32', length: poolInputs },
} as const satisfies Record<string, Binding<PoolParams>>;

export const maxPoolBackward = defineKernel<PoolParams, keyof typeof backwardBindings>({
  name: 'pooling/max-backward',
  bindings: backwardBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(poolInputs(p)),
      wgsl: (p) => `
${constants({ ...poolConstants(p), INPUTS: poolInputs(p), ROW: flatRow(poolInputs(p)) })}
${FIRST_WINDOW_WGSL}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= INPUTS) { return; }
  let c = index % CHANNELS;
  let column = index / CHANNELS % WIDTH + u32(PAD_LEFT);
  let row = index / (CHANNELS * WIDTH) % HEIGHT + u32(PAD_TOP);
  let n = index / (CHANNELS * WIDTH * HEIGHT);
  var sum = 0.0;
  for (var oy = firstWindow(row, POOL_H, STRIDE_H); oy < OUT_H && oy * STRIDE_H <= row; oy++) {
    for (var ox = firstWindow(column, POOL_W, STRIDE_W); ox < OUT_W && ox * STRIDE_W <= column; ox++) {
      let output = ((n * OUT_H + oy) * OUT_W + ox) * CHANNELS + c;
      let offset = (row - oy * STRIDE_H) * POOL_W + column - ox * STRIDE_W;
      if (winner[output] == offset) { sum += dY[output]; }
    }
  }
  dX[index] = sum;
}`,
    },
  },
  cost: (p) => ({ flops: poolOutputs(p), bytes: bindingBytes(backwardBindings, p) }),
  terms: windowsPerInput,
  reference: (p, { dY, winner }) => ({ dX: maxPoolGradient(p, dY, winner) }),
  magnitudes(p, inputs) {
    return this.reference(p, absolute(inputs));
  },
  cases: poolCases,
});

/** The gradient of max pooling in plain loops, in float64. */
export function maxPoolGradient(p: PoolParams, dY: Float64Array, winner: Float64Array): Float64Array {
  const dX = new Float64Array(poolInputs(p));
  dY.forEach((gradient, i) => {
    visitWindow(p, i, (input, offset) => {
      if (offset === winner[i]) dX[input] = (dX[input] as number) + gradient;
    });
  });
  return dX;
}
