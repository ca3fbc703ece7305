/**
 * Depthwise convolution backward weights, a thread a weight: runs on every device. Read it before the others.
 *
 *   dW[ky, kx, co] = decay · W[ky, kx, co] + Σ_{n, oy, ox} X[n, iy, ix, ci] · dY[n, oy, ox, co]
 *   with iy = oy·sh + ky·dh − top and ix = ox·sw + kx·dw − left inside the image
 *
 *   dBias[co] = Σ_{n, oy, ox} dY[n, oy, ox, co]        with ci = ⌊co / multiplier⌋
 *
 * Thread i walks over all output pixels for element i of dW; the threads behind those of the weights sum the bias.
 * Neighbouring threads are neighbouring channels. There are few weights and many pixels: a device is busy only where
 * there are many channels.
 * Timed by `pnpm anke bench kernels --filter depthwise/backward-weights --variant plain`.
 */
import type { Variant } from '../../runtime/kernel.js';
import { constants, flatGrid, flatRow, opaque } from '../../runtime/wgsl.js';
import { tapDistance } from '../../window/dilation.js';
import { decayedWgsl } from '../../window/join-weights.js';
import { depthwiseConstants, kernelSize, outChannels } from '../geometry.js';
import type { DepthwiseBackwardWeightsParams } from './params.js';

const threads = (p: DepthwiseBackwardWeightsParams): number => kernelSize(p) + (p.bias ? outChannels(p) : 0);

const sumBias = `
  if (index < WEIGHTS + OUT) {
    let co = index - WEIGHTS;
    var sum = 0.0;
    for (var pixel = 0u; pixel < ${opaque('BATCH * OUT_H * OUT_W', 'dY')}; pixel++) { sum += dY[pixel * OUT + co]; }
    dBias[co] = sum;
  }`;

export const plain: Variant<DepthwiseBackwardWeightsParams> = {
  available: () => true,
  suits: () => false,
  grid: (p) => flatGrid(threads(p)),
  wgsl: (p) => {
    const { ky, kx } = tapDistance(p);
    return `
${constants({ ...depthwiseConstants(p), WEIGHTS: kernelSize(p), ROW: flatRow(threads(p)) })}
${decayedWgsl(p)}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index < WEIGHTS) {
    dW[index] = decayed(index, sumWeight(index));
    return;
  }${p.bias ? sumBias : ''}
}

fn sumWeight(index: u32) -> f32 {
  let co = index % OUT;
  let kx = index / OUT % KERNEL_W;
  let ky = index / (OUT * KERNEL_W);
  var sum = 0.0;
  for (var row = 0u; row < ${opaque('BATCH * OUT_H', 'dY')}; row++) {
    let iy = i32(row % OUT_H * STRIDE_H + ${ky}) - PAD_TOP;
    if (iy < 0 || iy >= i32(HEIGHT)) { continue; }
    let line = (row / OUT_H * HEIGHT + u32(iy)) * WIDTH;
    for (var ox = 0u; ox < ${opaque('OUT_W', 'dY')}; ox++) {
      let ix = i32(ox * STRIDE_W + ${kx}) - PAD_LEFT;
      if (ix < 0 || ix >= i32(WIDTH)) { continue; }
      sum = fma(f32(x[(line + u32(ix)) * IN + co / MULTIPLIER]), dY[(row * OUT_W + ox) * OUT + co], sum);
    }
  }
  return sum;
}`;
  },
};
