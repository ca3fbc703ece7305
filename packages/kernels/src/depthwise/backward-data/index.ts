/**
 * Depthwise convolution backward data: the gradient of the input.
 *
 *   dX[n, iy, ix, ci] = Σ_{ky, kx, m} dY[n, oy, ox, ci · multiplier + m] · W[ky, kx, ci, m]
 *   over the taps for which oy = (iy + top − ky·dh) / sh and ox = (ix + left − kx·dw) / sw are whole and inside
 *   the output.
 *
 * With a mask, X is the output of a rectifier (and of the dropout behind it, if there is one), and the kernel also
 * computes the gradient through those.
 *
 * dY (n, oh, ow, c · multiplier), W (kh, kw, c, multiplier), X and dX (n, h, w, c), channels last; X is float32 or
 * float16, all else is float32. `strip.ts` has a variant for software GPUs and one for real ones, whose pixels share
 * loads; `plain` is for all.
 * All are timed by `pnpm anke bench kernels --filter depthwise/backward-data`.
 */
import { MASKS } from '../../conv2d/cases.js';
import { maskInput } from '../../epilogue/bindings.js';
import { enlarging, maskReference } from '../../epilogue/epilogue.js';
import { absolute, type Binding, bindingBytes, defineKernel } from '../../runtime/kernel.js';
import { depthwiseConvolutions } from '../cases.js';
import { depthwiseFlops, inputSize, kernelSize, outputSize } from '../geometry.js';
import { depthwiseReference } from '../reference.js';
import type { DepthwiseBackwardDataParams } from './params.js';
import { plain } from './plain.js';
import { strips } from './strip.js';

export type { DepthwiseBackwardDataParams } from './params.js';

const bindings = {
  dY: { access: 'read', type: 'f32', length: outputSize },
  w: { access: 'read', type: 'f32', length: kernelSize },
  x: maskInput<DepthwiseBackwardDataParams>(inputSize),
  dX: { access: 'write', type: 'f32', length: inputSize },
} as const satisfies Record<string, Binding<DepthwiseBackwardDataParams>>;

export const depthwiseBackwardData = defineKernel<DepthwiseBackwardDataParams, keyof typeof bindings>({
  name: 'depthwise/backward-data',
  bindings,
  variants: { ...strips, plain },
  cost: (p) => ({ flops: depthwiseFlops(p), bytes: bindingBytes(bindings, p) }),
  terms: (p) => p.kernelHeight * p.kernelWidth * p.multiplier + 1,
  reference: (p, { dY, w, x }) => ({ dX: maskReference(p.mask, depthwiseReference.inputGradient(p, dY, w), x) }),
  magnitudes({ mask, ...p }, inputs) {
    return this.reference({ ...p, ...enlarging(mask) }, absolute(inputs));
  },
  cases: depthwiseConvolutions(MASKS),
});
