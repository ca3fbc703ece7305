/**
 * Batch normalization with the max pooling behind it, as one: the normalized values, four times as many as the results
 * of a 2 × 2 pooling, are compared where they are computed and never written. NHWC; float32, x and y may be stored as
 * 16 bits. The formulas are those of `forward.ts` and `pooling/max.ts`.
 *
 * It does not look for values that are not finite, as `pooling/max.ts` does: on lavapipe that costs 5 to 7 % of its
 * time at the notebook's shape. In training such a value makes its channel's mean, and so all of the channel, not
 * finite; with moving averages it may be passed over for another element of its window.
 *
 * A thread computes one channel of a row of windows, so that neighbouring threads read neighbouring channels.
 * Timed by `pnpm anke bench kernels --filter batchnorm/pool`.
 */

import { type PoolParams, poolCases, poolConstants, poolInputs, poolOutputs } from '../pooling/geometry.js';
import { maxPoolReference } from '../pooling/max.js';
import { type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { constants, flatRow, opaque } from '../runtime/wgsl.js';
import { AFFINES, type AffineParams, betaBinding, betaWgsl, gammaBinding, gammaWgsl } from './affine.js';
import { deviationsAddedUp, normalize } from './reference.js';
import { channels, EPSILON, flat, varianceBinding } from './shapes.js';

export interface NormalizePoolParams extends PoolParams, AffineParams {
  readonly epsilon: number;
}

export const rowsOfWindows = (p: PoolParams): number => p.batch * p.outHeight;

const bindings = {
  // Few distinct values: windows hold ties, and values that differ still do after rounding.
  x: { access: 'read', type: 'f32', length: poolInputs, sample: (_, draw) => draw.integer(5) - 4 },
  mean: { access: 'read', type: 'f32', length: channels },
  variance: varianceBinding,
  gamma: gammaBinding,
  beta: betaBinding,
  y: { access: 'write', type: 'f32', length: poolOutputs },
  /** ky · poolWidth + kx of the element that won, as `pooling/max-forward` writes it. */
  winner: { access: 'write', type: 'u32', length: poolOutputs },
} as const satisfies Record<string, Binding<NormalizePoolParams>>;

/**
 * WGSL of `poolRow`, which normalizes and pools a row of windows in channel c; after `poolConstants`. The mean is the
 * center, and the deviation the root of the variance with ε.
 */
export const poolRowWgsl = (p: NormalizePoolParams): string => `
const LOWEST = -0x1.fffffep+127f;

fn poolRow(row: u32, c: u32, center: f32, deviation: f32) {
  let n = row / OUT_H;
  let oy = row % OUT_H;
  let factor = ${gammaWgsl(p, 'c')};
  let shift = ${betaWgsl(p, 'c')};
  for (var ox = 0u; ox < ${opaque('OUT_W', 'x')}; ox++) {
    var best = LOWEST;
    var offset = 0u;
    var first = true;
    for (var ky = 0u; ky < POOL_H; ky++) {
      let iy = i32(oy * STRIDE_H + ky) - PAD_TOP;
      if (iy < 0 || iy >= i32(HEIGHT)) { continue; }
      for (var kx = 0u; kx < POOL_W; kx++) {
        let ix = i32(ox * STRIDE_W + kx) - PAD_LEFT;
        if (ix < 0 || ix >= i32(WIDTH)) { continue; }
        let input = ((n * HEIGHT + u32(iy)) * WIDTH + u32(ix)) * CHANNELS + c;
        let value = fma(factor, (f32(x[input]) - center) / deviation, shift);
        let wins = first || value > best;
        best = select(best, value, wins);
        offset = select(offset, ky * POOL_W + kx, wins);
        first = false;
      }
    }
    let output = (row * OUT_W + ox) * CHANNELS + c;
    y[output] = y_t(best);
    winner[output] = offset;
  }
}`;

/** y = max over each window of γ · (x − mean) / √(variance + ε) + β */
export const batchNormPool = defineKernel<NormalizePoolParams, keyof typeof bindings>({
  name: 'batchnorm/pool',
  bindings,
  variants: flat<NormalizePoolParams>(
    (p) => rowsOfWindows(p) * p.channels,
    (p) => `
${constants({
  ...poolConstants(p),
  ROWS: rowsOfWindows(p),
  ROW: flatRow(rowsOfWindows(p) * p.channels),
  EPSILON: { f32: p.epsilon },
})}${poolRowWgsl(p)}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  let c = index % CHANNELS;
  let row = index / CHANNELS;
  if (row >= ROWS) { return; }
  poolRow(row, c, mean[c], sqrt(variance[c] + EPSILON));
}`,
  ),
  cost: (p) => ({ flops: 6 * poolInputs(p), bytes: bindingBytes(bindings, p) }),
  terms: () => 16,
  reference: (p, { x, mean, variance, gamma, beta }) =>
    maxPoolReference(p, normalize(x, { mean, variance }, gamma, beta, p.epsilon)),
  // The largest of some numbers is off by no more than the one that is off the most.
  magnitudes(p, inputs) {
    return this.reference(p, deviationsAddedUp(inputs));
  },
  cases: [
    ...poolCases.map((p) => ({ ...p, epsilon: EPSILON })),
    ...AFFINES.map((affine, i) => ({ ...(poolCases[i] as PoolParams), epsilon: EPSILON, ...affine })),
  ],
});
