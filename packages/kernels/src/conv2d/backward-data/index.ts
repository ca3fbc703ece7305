/**
 * conv2d backward data: the gradient of the input.
 *
 *   dX[n, iy, ix, ci] = Σ_{ky, kx, co} dY[n, oy, ox, co] · W[ky, kx, ci, co]
 *   over the taps for which oy = (iy + top − ky·dh) / sh and ox = (ix + left − kx·dw) / sw are whole and inside
 *   the output.
 *
 * With groups (groups.ts), co runs over the channels of ci's group, in which ci is counted from the first.
 *
 * With a mask, X is the output of a rectifier (and of the dropout behind it, if there is one), and the kernel also
 * computes the gradient through those. With an addend, another gradient of X, as a connection that skips some layers
 * brings it, is added before.
 *
 * dY (n, oh, ow, out), W (kh, kw, in / groups, out), X and dX (n, h, w, in), channels last; X is float32 or float16,
 * all else is float32. Each variant is a file: `pointwise`, `resident` and `subgroup` for software GPUs, `gemm` for
 * real ones, `plain` for all. All are timed by `pnpm anke bench kernels --filter conv2d/backward-data`.
 */
import { maskInput } from '../../epilogue/bindings.js';
import { enlarging, maskReference } from '../../epilogue/epilogue.js';
import { absolute, type Binding, bindingBytes, defineKernel } from '../../runtime/kernel.js';
import { convolutions, MASKS } from '../cases.js';
import { conv2dFlops, inputSize, kernelSize, outputSize } from '../geometry.js';
import { groupOutputs } from '../groups.js';
import { conv2dReference } from '../reference.js';
import { gemm } from './gemm.js';
import type { Conv2dBackwardDataParams } from './params.js';
import { plain } from './plain.js';
import { pointwise } from './pointwise.js';
import { resident } from './resident.js';
import { subgroup } from './subgroup.js';

export type { Conv2dBackwardDataParams } from './params.js';

const bindings = {
  dY: { access: 'read', type: 'f32', length: outputSize },
  w: { access: 'read', type: 'f32', length: kernelSize },
  x: maskInput<Conv2dBackwardDataParams>(inputSize),
  addend: { access: 'read', type: 'f32', length: inputSize, needed: (p) => p.addend === true },
  dX: { access: 'write', type: 'f32', length: inputSize },
} as const satisfies Record<string, Binding<Conv2dBackwardDataParams>>;

export const conv2dBackwardData = defineKernel<Conv2dBackwardDataParams, keyof typeof bindings>({
  name: 'conv2d/backward-data',
  bindings,
  variants: { pointwise, resident, subgroup, ...gemm, plain },
  cost: (p) => ({ flops: conv2dFlops(p), bytes: bindingBytes(bindings, p) }),
  terms: (p) => p.kernelHeight * p.kernelWidth * groupOutputs(p) + (p.addend ? 2 : 1),
  reference: (p, { dY, w, x, addend }) => {
    const sums = conv2dReference.inputGradient(p, dY, w);
    const gradient = p.addend ? sums.map((sum, i) => sum + (addend[i] as number)) : sums;
    return { dX: maskReference(p.mask, gradient, x) };
  },
  magnitudes({ mask, ...p }, inputs) {
    return this.reference({ ...p, ...enlarging(mask) }, absolute(inputs));
  },
  cases: convolutions<Pick<Conv2dBackwardDataParams, 'mask' | 'addend'>>([
    ...MASKS,
    { addend: true },
    { addend: true, mask: { slope: 0, keep: 1 } },
  ]),
});
