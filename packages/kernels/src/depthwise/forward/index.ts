/**
 * Depthwise convolution forward: each channel by itself, then the epilogue: bias, rectifier and dropout, if asked.
 *
 *   Y[n, oy, ox, co] = finish(bias[co] + Σ_{ky, kx} X[n, iy, ix, ci] · W[ky, kx, ci, m])
 *   where iy = oy·sh + ky·dh − top and ix = ox·sw + kx·dw − left, with co = ci · multiplier + m
 *
 * X (n, h, w, c), W (kh, kw, c, multiplier), bias (c · multiplier), Y (n, oh, ow, c · multiplier), channels last; X and
 * Y are float32 or float16, all else is float32. `strip.ts` has a variant for software GPUs and one for real ones,
 * whose pixels share loads; `plain` is for all.
 * All are timed by `pnpm anke bench kernels --filter depthwise/forward`.
 */
import { EPILOGUES } from '../../conv2d/cases.js';
import { epilogueCounters } from '../../epilogue/bindings.js';
import { finishReference } from '../../epilogue/epilogue.js';
import { absolute, type Binding, bindingBytes, defineKernel } from '../../runtime/kernel.js';
import { depthwiseConvolutions } from '../cases.js';
import { depthwiseFlops, inputSize, kernelSize, outChannels, outputSize } from '../geometry.js';
import { depthwiseReference } from '../reference.js';
import type { DepthwiseForwardParams } from './params.js';
import { plain } from './plain.js';
import { strips } from './strip.js';

export type { DepthwiseForwardParams } from './params.js';

const bindings = {
  x: { access: 'read', type: 'f32', length: inputSize },
  w: { access: 'read', type: 'f32', length: kernelSize },
  bias: { access: 'read', type: 'f32', length: outChannels, needed: (p) => p.epilogue.bias },
  counters: epilogueCounters,
  y: { access: 'write', type: 'f32', length: outputSize },
} as const satisfies Record<string, Binding<DepthwiseForwardParams>>;

export const depthwiseForward = defineKernel<DepthwiseForwardParams, keyof typeof bindings>({
  name: 'depthwise/forward',
  bindings,
  variants: { ...strips, plain },
  cost: (p) => ({ flops: depthwiseFlops(p) + outputSize(p), bytes: bindingBytes(bindings, p) }),
  terms: (p) => p.kernelHeight * p.kernelWidth + 3,
  reference: (p, { x, w, ...others }) => ({
    y: finishReference(p.epilogue, depthwiseReference.forward(p, x, w), others),
  }),
  // A rectifier enlarges no error; a dropout scales it.
  magnitudes({ epilogue: { rectifier: _, ...epilogue }, ...p }, inputs) {
    return this.reference({ ...p, epilogue }, absolute(inputs));
  },
  cases: depthwiseConvolutions(EPILOGUES),
});
