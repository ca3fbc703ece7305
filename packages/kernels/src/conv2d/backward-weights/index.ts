/**
 * conv2d backward weights: the gradients of the kernel and of the bias.
 *
 *   dW[ky, kx, ci, co] = Σ_{n, oy, ox} X[n, iy, ix, ci] · dY[n, oy, ox, co] + decay · W[ky, kx, ci, co]
 *   where iy = oy·sh + ky·dh − top and ix = ox·sw + kx·dw − left
 *   dBias[co] = Σ_{n, oy, ox} dY[n, oy, ox, co]
 *
 * With groups (groups.ts), ci is counted from the first channel of co's group.
 *
 * X (n, h, w, in), dY (n, oh, ow, out), W and dW (kh, kw, in / groups, out), channels last; X is float32 or float16,
 * all else is float32. Each algorithm is a file: `pointwise`, `narrow`, `rows` and `subgroup` for software GPUs, `gemm`
 * for real ones, `plain` for all. All but `plain` exist whole and with the sum split (splits.ts), in two dispatches.
 * All are timed by `pnpm anke bench kernels --filter conv2d/backward-weights`.
 */
import { absolute, type Binding, bindingBytes, defineKernel, type Variant } from '../../runtime/kernel.js';
import { channelSums, decayedReference } from '../../window/reference.js';
import { convolutions, WEIGHT_GRADIENTS } from '../cases.js';
import { type Conv2dParams, conv2dFlops, inputSize, kernelSize, outputSize } from '../geometry.js';
import { pixels, suitsPointwise } from '../pointwise.js';
import { conv2dReference } from '../reference.js';
import { gemm, gemmSplits, isBusy } from './gemm.js';
import { narrow } from './narrow.js';
import type { Conv2dBackwardWeightsParams } from './params.js';
import { plain } from './plain.js';
import { pointwise } from './pointwise.js';
import { rows } from './rows.js';
import { split, whole } from './splits.js';
import { subgroup } from './subgroup.js';

export type { Conv2dBackwardWeightsParams } from './params.js';

const bindings = {
  x: { access: 'read', type: 'f32', length: inputSize },
  dY: { access: 'read', type: 'f32', length: outputSize },
  w: { access: 'read', type: 'f32', length: kernelSize, needed: (p) => p.decay !== 0 },
  dW: { access: 'write', type: 'f32', length: kernelSize },
  dBias: { access: 'write', type: 'f32', length: (p) => p.outChannels, needed: (p) => p.bias },
} as const satisfies Record<string, Binding<Conv2dBackwardWeightsParams>>;

/** Splits on a CPU, which always has enough work: 64 images each, which its caches hold. */
const cacheSplits = ({ batch }: Conv2dParams): number => Math.ceil(batch / 64);

/** Splits that keep the sums of a pointwise convolution short, and two cores busy. */
const pointwiseSplits = (p: Conv2dParams): number => Math.min(p.batch * p.outHeight, Math.ceil(pixels(p) / 512));

/** A GEMM without splits is worth trying where it has enough tiles to keep a device busy. */
const wholeGemm = (variant: (typeof gemm)['gemm64']): Variant<Conv2dBackwardWeightsParams> => {
  const one = whole(variant);
  return { ...one, suits: (p, traits) => isBusy(p) && one.suits?.(p, traits) !== false };
};

/** The variants in one dispatch. */
export const wholeVariants = {
  pointwise: whole(pointwise),
  narrow: whole(narrow),
  rows: whole(rows),
  subgroup: whole(subgroup),
  gemm128: wholeGemm(gemm.gemm128),
  gemm32: wholeGemm(gemm.gemm32),
  gemm64: wholeGemm(gemm.gemm64),
  plain: whole(plain),
};

export const conv2dBackwardWeights = defineKernel<Conv2dBackwardWeightsParams, keyof typeof bindings>({
  name: 'conv2d/backward-weights',
  bindings,
  variants: {
    pointwiseSplit: split(pointwise, pointwiseSplits),
    pointwise: {
      ...wholeVariants.pointwise,
      suits: (p, traits) => pointwiseSplits(p) === 1 && suitsPointwise(p, traits),
    },
    narrowSplit: split(narrow, cacheSplits),
    narrow: wholeVariants.narrow,
    rowsSplit: split(rows, cacheSplits),
    rows: wholeVariants.rows,
    subgroupSplit: split(subgroup, cacheSplits),
    subgroup: wholeVariants.subgroup,
    gemm128Split: split(gemm.gemm128, gemmSplits),
    gemm32Split: split(gemm.gemm32, gemmSplits),
    gemm64Split: split(gemm.gemm64, gemmSplits),
    gemm128: wholeVariants.gemm128,
    gemm32: wholeVariants.gemm32,
    gemm64: wholeVariants.gemm64,
    plain: wholeVariants.plain,
  },
  cost: (p) => ({ flops: conv2dFlops(p), bytes: bindingBytes(bindings, p) }),
  terms: (p) => p.batch * p.outHeight * p.outWidth + 2,
  reference: (p, { x, dY, w }) => ({
    dW: decayedReference(p, conv2dReference.kernelGradient(p, x, dY), w),
    ...(p.bias ? { dBias: channelSums(dY, p.outChannels) } : {}),
  }),
  magnitudes(p, inputs) {
    return this.reference(p, absolute(inputs));
  },
  cases: convolutions(WEIGHT_GRADIENTS),
});
