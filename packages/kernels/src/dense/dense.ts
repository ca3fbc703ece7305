/**
 * dense: Y = finish(X · W + bias), where `finish` is the epilogue (rectifier and dropout, if asked), and its gradients
 * dX = dY · Wᵀ, through a mask if X is a rectifier's output, and dW = Xᵀ · dY + decay · W.
 *
 * X (batch, in), W (in, out), bias (out), row by row; X and Y are float32 or float16, all else is float32.
 *
 * A dense layer is a 1 × 1 convolution over one image of a single row whose pixels are the samples of the batch. So the
 * shaders are those of conv2d (a tile of pixels shares the weights it loads), with references and cases of their own.
 * Timed by `pnpm anke bench kernels --filter dense`.
 */
import { conv2dBackwardData } from '../conv2d/backward-data/index.js';
import { wholeVariants } from '../conv2d/backward-weights/index.js';
import { EPILOGUES, inTurn, MASKS, WEIGHT_GRADIENTS } from '../conv2d/cases.js';
import { conv2dForward } from '../conv2d/forward/index.js';
import { type Conv2dParams, conv2dParams } from '../conv2d/geometry.js';
import { epilogueCounters, maskInput } from '../epilogue/bindings.js';
import { type Epilogue, enlarging, finishReference, type Mask, maskReference } from '../epilogue/epilogue.js';
import { absolute, type Binding, bindingBytes, defineKernel, type Variant } from '../runtime/kernel.js';
import { channelSums, decayedReference } from '../window/reference.js';
import { matmul, transpose } from './reference.js';

export interface DenseParams {
  readonly batch: number;
  readonly inFeatures: number;
  readonly outFeatures: number;
}

export interface DenseForwardParams extends DenseParams {
  readonly epilogue: Epilogue;
}

export interface DenseBackwardDataParams extends DenseParams {
  /** See {@link Conv2dBackwardDataParams.mask}. */
  readonly mask?: Mask;
}

export interface DenseBackwardWeightsParams extends DenseParams {
  /** See {@link Conv2dBackwardWeightsParams}. */
  readonly bias: boolean;
  readonly decay: number;
}

/** The convolution that computes the same, with whatever else is asked. */
function asConvolution<P extends DenseParams>(p: P): Conv2dParams & Omit<P, 'batch' | 'inFeatures' | 'outFeatures'> {
  const { batch, inFeatures: inChannels, outFeatures: outChannels, ...rest } = p;
  return { ...conv2dParams({ batch: 1, height: 1, width: batch, inChannels, outChannels, kernel: [1, 1] }), ...rest };
}

/** The same shaders for other parameters. */
function mapVariants<P, Q>(
  variants: Readonly<Record<string, Variant<Q>>>,
  map: (p: P) => Q,
): Record<string, Variant<P>> {
  const mapped = ({ subgroups, accumulates, ...variant }: Variant<Q>): Variant<P> => ({
    ...(subgroups ? { subgroups } : {}),
    ...(accumulates ? { accumulates } : {}),
    available: (p, traits) => variant.available(map(p), traits),
    suits: (p, traits) => variant.suits?.(map(p), traits) !== false,
    ...(variant.sizes ? { sizes: (p, traits) => variant.sizes?.(map(p), traits) ?? {} } : {}),
    grid: (p, traits) => variant.grid(map(p), traits),
    wgsl: (p, traits) => variant.wgsl(map(p), traits),
  });
  return Object.fromEntries(Object.entries(variants).map(([name, variant]) => [name, mapped(variant)]));
}

const inputs = (p: DenseParams): number => p.batch * p.inFeatures;
const outputs = (p: DenseParams): number => p.batch * p.outFeatures;
const weights = (p: DenseParams): number => p.inFeatures * p.outFeatures;
const flops = (p: DenseParams): number => 2 * p.batch * weights(p);

const shapes: readonly DenseParams[] = [
  { batch: 1, inFeatures: 1, outFeatures: 1 },
  { batch: 1, inFeatures: 129, outFeatures: 3 },
  { batch: 3, inFeatures: 7, outFeatures: 33 },
  { batch: 7, inFeatures: 65, outFeatures: 129 },
  { batch: 33, inFeatures: 129, outFeatures: 65 },
  { batch: 129, inFeatures: 33, outFeatures: 7 },
  { batch: 65, inFeatures: 3, outFeatures: 1 },
  // The notebook's.
  { batch: 32, inFeatures: 576, outFeatures: 128 },
  { batch: 32, inFeatures: 128, outFeatures: 64 },
  { batch: 32, inFeatures: 64, outFeatures: 32 },
  { batch: 32, inFeatures: 32, outFeatures: 10 },
  { batch: 256, inFeatures: 576, outFeatures: 128 },
];

const forwardBindings = {
  x: { access: 'read', type: 'f32', length: inputs },
  w: { access: 'read', type: 'f32', length: weights },
  bias: { access: 'read', type: 'f32', length: (p) => p.outFeatures, needed: (p) => p.epilogue.bias },
  counters: epilogueCounters,
  y: { access: 'write', type: 'f32', length: outputs },
} as const satisfies Record<string, Binding<DenseForwardParams>>;

export const denseForward = defineKernel<DenseForwardParams, keyof typeof forwardBindings>({
  name: 'dense/forward',
  bindings: forwardBindings,
  variants: mapVariants(conv2dForward.variants, (p: DenseForwardParams) => asConvolution(p)),
  cost: (p) => ({ flops: flops(p) + outputs(p), bytes: bindingBytes(forwardBindings, p) }),
  terms: (p) => p.inFeatures + 3,
  reference: (p, { x, w, ...others }) => ({
    y: finishReference(p.epilogue, matmul(x, w, p.batch, p.inFeatures, p.outFeatures), others),
  }),
  // A rectifier enlarges no error; a dropout scales it.
  magnitudes({ epilogue: { rectifier: _, ...epilogue }, ...p }, inputs) {
    return this.reference({ ...p, epilogue }, absolute(inputs));
  },
  cases: inTurn(shapes, EPILOGUES),
});

const backwardDataBindings = {
  dY: { access: 'read', type: 'f32', length: outputs },
  w: { access: 'read', type: 'f32', length: weights },
  x: maskInput<DenseBackwardDataParams>(inputs),
  dX: { access: 'write', type: 'f32', length: inputs },
} as const satisfies Record<string, Binding<DenseBackwardDataParams>>;

export const denseBackwardData = defineKernel<DenseBackwardDataParams, keyof typeof backwardDataBindings>({
  name: 'dense/backward-data',
  bindings: backwardDataBindings,
  variants: mapVariants(conv2dBackwardData.variants, (p: DenseBackwardDataParams) => asConvolution(p)),
  cost: (p) => ({ flops: flops(p), bytes: bindingBytes(backwardDataBindings, p) }),
  terms: (p) => p.outFeatures + 1,
  reference: (p, { dY, w, x }) => {
    const sums = matmul(dY, transpose(w, p.inFeatures, p.outFeatures), p.batch, p.outFeatures, p.inFeatures);
    return { dX: maskReference(p.mask, sums, x) };
  },
  magnitudes({ mask, ...p }, inputs) {
    return this.reference({ ...p, ...enlarging(mask) }, absolute(inputs));
  },
  cases: inTurn(shapes, MASKS),
});

const backwardWeightsBindings = {
  x: { access: 'read', type: 'f32', length: inputs },
  dY: { access: 'read', type: 'f32', length: outputs },
  w: { access: 'read', type: 'f32', length: weights, needed: (p) => p.decay !== 0 },
  dW: { access: 'write', type: 'f32', length: weights },
  dBias: { access: 'write', type: 'f32', length: (p) => p.outFeatures, needed: (p) => p.bias },
} as const satisfies Record<string, Binding<DenseBackwardWeightsParams>>;

export const denseBackwardWeights = defineKernel<DenseBackwardWeightsParams, keyof typeof backwardWeightsBindings>({
  name: 'dense/backward-weights',
  bindings: backwardWeightsBindings,
  // A batch is a short sum: it is never split.
  variants: mapVariants(wholeVariants, (p: DenseBackwardWeightsParams) => asConvolution(p)),
  cost: (p) => ({ flops: flops(p), bytes: bindingBytes(backwardWeightsBindings, p) }),
  terms: (p) => p.batch + 2,
  reference: (p, { x, dY, w }) => {
    const sums = matmul(transpose(x, p.batch, p.inFeatures), dY, p.inFeatures, p.batch, p.outFeatures);
    return {
      dW: decayedReference(p, sums, w),
      ...(p.bias ? { dBias: channelSums(dY, p.outFeatures) } : {}),
    };
  },
  magnitudes(p, inputs) {
    return this.reference(p, absolute(inputs));
  },
  cases: inTurn(shapes, WEIGHT_GRADIENTS),
});
