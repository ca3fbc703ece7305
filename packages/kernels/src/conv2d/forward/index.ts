/**
 * conv2d forward: Y = finish(X ∗ W + bias), where `finish` is the epilogue: rectifier and dropout, if asked.
 *
 *   Y[n, oy, ox, co] = finish(bias[co] + Σ_{ky, kx, ci} X[n, iy, ix, ci] · W[ky, kx, ci, co])
 *   where iy = oy·sh + ky·dh − top and ix = ox·sw + kx·dw − left
 *
 * With groups (groups.ts), ci is counted from the first channel of co's group.
 *
 * X (n, h, w, in), W (kh, kw, in / groups, out), bias (out), Y (n, oh, ow, out), channels last; X and Y are float32 or
 * float16, all else is float32. Each variant is a file: `pointwise`, `narrow`, `resident` and `subgroup` for software
 * GPUs, `gemm` for real ones, `plain` for all. All are timed by `pnpm anke bench kernels --filter conv2d/forward`.
 */
import { epilogueCounters } from '../../epilogue/bindings.js';
import { finishReference } from '../../epilogue/epilogue.js';
import { absolute, type Binding, bindingBytes, defineKernel } from '../../runtime/kernel.js';
import { convolutions, EPILOGUES } from '../cases.js';
import { conv2dFlops, inputSize, kernelSize, outputSize } from '../geometry.js';
import { groupInputs } from '../groups.js';
import { conv2dReference } from '../reference.js';
import { gemm } from './gemm.js';
import { narrow } from './narrow.js';
import type { Conv2dForwardParams } from './params.js';
import { plain } from './plain.js';
import { pointwise } from './pointwise.js';
import { resident } from './resident.js';
import { subgroup } from './subgroup.js';

export type { Conv2dForwardParams } from './params.js';

const bindings = {
  x: { access: 'read', type: 'f32', length: inputSize },
  w: { access: 'read', type: 'f32', length: kernelSize },
  bias: { access: 'read', type: 'f32', length: (p) => p.outChannels, needed: (p) => p.epilogue.bias },
  counters: epilogueCounters,
  y: { access: 'write', type: 'f32', length: outputSize },
} as const satisfies Record<string, Binding<Conv2dForwardParams>>;

export const conv2dForward = defineKernel<Conv2dForwardParams, keyof typeof bindings>({
  name: 'conv2d/forward',
  bindings,
  variants: { pointwise, narrow, resident, subgroup, ...gemm, plain },
  cost: (p) => ({ flops: conv2dFlops(p) + outputSize(p), bytes: bindingBytes(bindings, p) }),
  terms: (p) => p.kernelHeight * p.kernelWidth * groupInputs(p) + 3,
  reference: (p, { x, w, ...others }) => ({
    y: finishReference(p.epilogue, conv2dReference.forward(p, x, w), others),
  }),
  // A rectifier enlarges no error; a dropout scales it.
  magnitudes({ epilogue: { rectifier: _, ...epilogue }, ...p }, inputs) {
    return this.reference({ ...p, epilogue }, absolute(inputs));
  },
  cases: convolutions(EPILOGUES),
});
