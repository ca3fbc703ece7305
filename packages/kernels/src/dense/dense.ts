/**
 * dense: Y = X · W + bias, with relu and dropout if asked, and its gradients dX = dY · Wᵀ and dW = Xᵀ · dY.
 *
 * X (batch, in), W (in, out), bias (out), all float32, row by row.
 *
 * A dense layer is a 1 × 1 convolution over one image of a single row whose pixels are the samples of the batch. So the
 * shaders are those of conv2d (a tile of pixels shares the weights it loads), with references and cases of their own.
 * Timed by `pnpm anke bench kernels --filter dense`.
 */
import { conv2dBackwardData } from '../conv2d/backward-data.js';
import { conv2dBackwardWeights } from '../conv2d/backward-weights.js';
import { conv2dForward } from '../conv2d/forward.js';
import { type Conv2dParams, conv2dParams } from '../conv2d/geometry.js';
import { masked } from '../conv2d/reference.js';
import { type DropoutRule, dropoutReference } from '../dropout/rule.js';
import { type Binding, bindingBytes, defineKernel, type Variant } from '../runtime/kernel.js';
import { matmul, transpose } from './reference.js';

export interface DenseParams {
  readonly batch: number;
  readonly inFeatures: number;
  readonly outFeatures: number;
}

export interface DenseForwardParams extends DenseParams {
  readonly relu: boolean;
  /** Drops elements of the output, as the kernel `dropout` would. */
  readonly dropout?: DropoutRule;
}

export interface DenseBackwardDataParams extends DenseParams {
  /** See {@link Conv2dBackwardDataParams.mask}. */
  readonly mask: number;
}

export interface DenseBackwardWeightsParams extends DenseParams {
  /** See {@link Conv2dBackwardWeightsParams.decay}. */
  readonly decay: number;
}

const asConvolution = ({ batch, inFeatures, outFeatures }: DenseParams): Conv2dParams =>
  conv2dParams({ batch: 1, height: 1, width: batch, inChannels: inFeatures, outChannels: outFeatures, kernel: [1, 1] });

/** The same shaders for other parameters. */
function mapVariants<P, Q>(
  variants: Readonly<Record<string, Variant<Q>>>,
  map: (p: P) => Q,
): Record<string, Variant<P>> {
  return Object.fromEntries(
    Object.entries(variants).map(([name, { available, suits, grid, wgsl }]): [string, Variant<P>] => [
      name,
      {
        available: (p, traits) => available(map(p), traits),
        suits: (p, traits) => suits?.(map(p), traits) !== false,
        grid: (p, traits) => grid(map(p), traits),
        wgsl: (p, traits) => wgsl(map(p), traits),
      },
    ]),
  );
}

const inputs = (p: DenseParams): number => p.batch * p.inFeatures;
const outputs = (p: DenseParams): number => p.batch * p.outFeatures;
const weights = (p: DenseParams): number => p.inFeatures * p.outFeatures;
const flops = (p: DenseParams): number => 2 * p.batch * weights(p);

const cases: readonly DenseParams[] = [
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
  bias: { access: 'read', type: 'f32', length: (p: DenseForwardParams) => p.outFeatures },
  /** The step's number: each drops others. */
  step: { access: 'read', type: 'u32', length: () => 1, sample: (_, draw) => draw.integer(1000) },
  y: { access: 'write', type: 'f32', length: outputs },
} as const satisfies Record<string, Binding<DenseForwardParams>>;

export const denseForward = defineKernel<DenseForwardParams, keyof typeof forwardBindings>({
  name: 'dense/forward',
  bindings: forwardBindings,
  variants: mapVariants(conv2dForward.variants, (p) => ({
    ...asConvolution(p),
    relu: p.relu,
    ...(p.dropout ? { dropout: p.dropout } : {}),
  })),
  cost: (p) => ({ flops: flops(p) + outputs(p), bytes: bindingBytes(forwardBindings, p) }),
  terms: (p) => p.inFeatures + 3,
  reference: (p, { x, w, bias, step }) => {
    const sums = matmul(x, w, p.batch, p.inFeatures, p.outFeatures);
    const y = sums.map((sum, i) => sum + (bias[i % p.outFeatures] as number));
    const active = p.relu ? y.map((value) => Math.max(value, 0)) : y;
    return { y: p.dropout ? dropoutReference(p.dropout, active, step[0] as number) : active };
  },
  cases: cases.map((p, i) => ({
    ...p,
    relu: i % 2 === 0,
    ...(i % 3 === 1 ? { dropout: { rate: 0.25, seed: i, layer: 2 } } : {}),
  })),
});

const backwardDataBindings = {
  dY: { access: 'read', type: 'f32', length: outputs },
  w: { access: 'read', type: 'f32', length: weights },
  x: { access: 'read', type: 'f32', length: inputs },
  dX: { access: 'write', type: 'f32', length: inputs },
} as const satisfies Record<string, Binding<DenseBackwardDataParams>>;

export const denseBackwardData = defineKernel<DenseBackwardDataParams, keyof typeof backwardDataBindings>({
  name: 'dense/backward-data',
  bindings: backwardDataBindings,
  variants: mapVariants(conv2dBackwardData.variants, (p) => ({ ...asConvolution(p), mask: p.mask })),
  cost: (p) => ({ flops: flops(p), bytes: bindingBytes(backwardDataBindings, p) }),
  terms: (p) => p.outFeatures + 1,
  reference: (p, { dY, w, x }) => ({
    dX: masked(matmul(dY, transpose(w, p.inFeatures, p.outFeatures), p.batch, p.outFeatures, p.inFeatures), x, p.mask),
  }),
  cases: cases.map((p, i) => ({ ...p, mask: [0, 1, 4 / 3][i % 3] as number })),
});

const backwardWeightsBindings = {
  x: { access: 'read', type: 'f32', length: inputs },
  dY: { access: 'read', type: 'f32', length: outputs },
  w: { access: 'read', type: 'f32', length: weights },
  dW: { access: 'write', type: 'f32', length: weights },
  dBias: { access: 'write', type: 'f32', length: (p: DenseBackwardWeightsParams) => p.outFeatures },
} as const satisfies Record<string, Binding<DenseBackwardWeightsParams>>;

export const denseBackwardWeights = defineKernel<DenseBackwardWeightsParams, keyof typeof backwardWeightsBindings>({
  name: 'dense/backward-weights',
  bindings: backwardWeightsBindings,
  variants: mapVariants(conv2dBackwardWeights.variants, (p) => ({
    ...asConvolution(p),
    splits: 1,
    decay: p.decay,
  })),
  cost: (p) => ({ flops: flops(p), bytes: bindingBytes(backwardWeightsBindings, p) }),
  terms: (p) => p.batch + 2,
  reference: (p, { x, dY, w }) => {
    const dW = matmul(transpose(x, p.batch, p.inFeatures), dY, p.inFeatures, p.batch, p.outFeatures);
    const ones = new Float64Array(p.batch).fill(1);
    return {
      dW: dW.map((value, i) => value + p.decay * (w[i] as number)),
      dBias: matmul(ones, dY, 1, p.batch, p.outFeatures),
    };
  },
  cases: cases.map((p, i) => ({ ...p, decay: i % 2 === 0 ? 0 : 0.02 })),
});
