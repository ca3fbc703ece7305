/**
 * Depthwise convolution backward weights: the gradients of the kernels and of the bias.
 *
 *   dW[ky, kx, ci, m] = decay · W[ky, kx, ci, m] + Σ_{n, oy, ox} X[n, iy, ix, ci] · dY[n, oy, ox, co]
 *   with iy = oy·sh + ky·dh − top and ix = ox·sw + kx·dw − left inside the image
 *
 *   dBias[co] = Σ_{n, oy, ox} dY[n, oy, ox, co]        with co = ci · multiplier + m
 *
 * X (n, h, w, c), dY (n, oh, ow, c · multiplier), W and dW (kh, kw, c, multiplier), channels last; X is float32 or
 * float16, all else is float32. `strip.ts` has a variant for software GPUs and one for real ones, with the long sum cut
 * into parts; `plain` is for all.
 * All are timed by `pnpm anke bench kernels --filter depthwise/backward-weights`.
 */
import { WEIGHT_GRADIENTS } from '../../conv2d/cases.js';
import { absolute, type Binding, bindingBytes, defineKernel } from '../../runtime/kernel.js';
import { channelSums, decayedReference } from '../../window/reference.js';
import { depthwiseConvolutions } from '../cases.js';
import { depthwiseFlops, inputSize, kernelSize, outChannels, outputSize } from '../geometry.js';
import { depthwiseReference } from '../reference.js';
import type { DepthwiseBackwardWeightsParams } from './params.js';
import { plain } from './plain.js';
import { shared, strip } from './strip.js';

export type { DepthwiseBackwardWeightsParams } from './params.js';

const bindings = {
  x: { access: 'read', type: 'f32', length: inputSize },
  dY: { access: 'read', type: 'f32', length: outputSize },
  w: { access: 'read', type: 'f32', length: kernelSize, needed: (p) => p.decay !== 0 },
  dW: { access: 'write', type: 'f32', length: kernelSize },
  dBias: { access: 'write', type: 'f32', length: outChannels, needed: (p) => p.bias },
} as const satisfies Record<string, Binding<DepthwiseBackwardWeightsParams>>;

export const depthwiseBackwardWeights = defineKernel<DepthwiseBackwardWeightsParams, keyof typeof bindings>({
  name: 'depthwise/backward-weights',
  bindings,
  variants: { strip, shared, plain },
  cost: (p) => ({ flops: depthwiseFlops(p), bytes: bindingBytes(bindings, p) }),
  terms: (p) => p.batch * p.outHeight * p.outWidth + 2,
  reference: (p, { x, dY, w }) => ({
    dW: decayedReference(p, depthwiseReference.kernelGradient(p, x, dY), w),
    ...(p.bias ? { dBias: channelSums(dY, outChannels(p)) } : {}),
  }),
  magnitudes(p, inputs) {
    return this.reference(p, absolute(inputs));
  },
  cases: depthwiseConvolutions(WEIGHT_GRADIENTS),
});
