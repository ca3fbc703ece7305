/**
 * What follows a product or a normalization, done by the kernel that computes it: its epilogue (epilogue/epilogue.ts).
 *
 *   s = x ∗ w + bias;  y = rectify(s)     →   y = rectify(x ∗ w + bias)
 *   s = x ∗ w + bias;  y = dropout(s)     →   y = dropout(x ∗ w + bias)
 */
import { batchNormNormalize } from '../../batchnorm/forward.js';
import { conv2dForward } from '../../conv2d/forward/index.js';
import { conv2dParams } from '../../conv2d/geometry.js';
import { denseForward } from '../../dense/dense.js';
import { depthwiseForward } from '../../depthwise/forward/index.js';
import { dropout } from '../../dropout/dropout.js';
import { relu } from '../../elementwise/elementwise.js';
import type { Epilogue, Rectifier } from '../../epilogue/epilogue.js';
import type { Dispatch } from '../../runtime/dispatch.js';
import type { Kernel } from '../../runtime/kernel.js';
import type { Storage } from '../../runtime/storage.js';
import { isOf, type Program, type Rewrite, replace } from '../program.js';
import type { CaseBuilder, Rule } from '../rule.js';

/** Kernels with an epilogue. */
const PRODUCTS: readonly Kernel[] = [conv2dForward, denseForward, depthwiseForward];

/** The product that alone computes `sums`, if only `reader` reads them. */
function productOf(
  sums: Storage,
  reader: Dispatch,
  program: Program,
): { of: Dispatch; epilogue: Epilogue } | undefined {
  const of = program.producer(sums);
  if (!of || !PRODUCTS.includes(of.kernel) || !program.isReadOnlyBy(sums, reader)) return undefined;
  return { of, epilogue: (of.params as { readonly epilogue: Epilogue }).epilogue };
}

const withEpilogue = (
  of: Dispatch,
  absorbed: Dispatch,
  epilogue: Epilogue,
  bindings: Readonly<Record<string, Storage>>,
): Rewrite => replace(of, [absorbed], of.kernel, { ...of.params, epilogue }, { ...of.bindings, ...bindings });

const geometry = conv2dParams({ batch: 3, height: 9, width: 10, inChannels: 5, outChannels: 17, kernel: [3, 2] });
const outputs = 3 * 7 * 9 * 17;

/** A convolution and what follows it. */
function convolution(builder: CaseBuilder, bias: boolean): Storage {
  const x = builder.input('x', 3 * 9 * 10 * 5);
  const w = builder.input('w', 3 * 2 * 5 * 17);
  const sums = builder.temporary('sums', outputs);
  const optional = bias ? { bias: builder.input('bias', 17) } : {};
  builder.dispatch(conv2dForward, { ...geometry, epilogue: { bias } }, { x, w, ...optional, y: sums });
  return sums;
}

const rectified = (rectifier: Rectifier, bias: boolean) => ({
  plain: 2,
  fused: 1,
  build(builder: CaseBuilder) {
    const sums = convolution(builder, bias);
    const y = builder.temporary('y', outputs);
    builder.dispatch(relu, { length: outputs, rectifier }, { x: sums, y });
    return { y };
  },
});

export const rectifierRule: Rule = {
  name: 'rectifier behind a product or a normalization',
  formula: 'y = rectify(x ∗ w + bias)',
  anchors: [relu],
  match(dispatch, program) {
    if (!isOf(dispatch, relu)) return undefined;
    const { rectifier } = dispatch.params;
    const { x, y } = dispatch.bindings;
    const product = productOf(x, dispatch, program);
    if (product && !product.epilogue.rectifier && !product.epilogue.dropout)
      return withEpilogue(product.of, dispatch, { ...product.epilogue, rectifier }, { y });
    const normalization = program.producer(x);
    if (!isOf(normalization, batchNormNormalize) || normalization.params.rectifier) return undefined;
    if (!program.isReadOnlyBy(x, dispatch)) return undefined;
    const params = { ...normalization.params, rectifier };
    return replace(normalization, [dispatch], batchNormNormalize, params, { ...normalization.bindings, y });
  },
  cases: [
    rectified({ slope: 0 }, true),
    rectified({ slope: 0, cap: 6 }, false),
    rectified({ slope: 0.1 }, true),
    {
      plain: 2,
      fused: 1,
      build(builder) {
        const shape = { rows: 33, channels: 7, epsilon: 1e-3 };
        const [x, mean, gamma, beta] = [
          builder.input('x', 231),
          builder.input('mean', 7),
          builder.input('gamma', 7),
          builder.input('beta', 7),
        ];
        const variance = builder.input('variance', 7, (i) => 0.5 + i);
        const [normalized, y] = [builder.temporary('normalized', 231), builder.temporary('y', 231)];
        builder.dispatch(batchNormNormalize, shape, { x, mean, variance, gamma, beta, y: normalized });
        builder.dispatch(relu, { length: 231, rectifier: { slope: 0, cap: 1 } }, { x: normalized, y });
        return { y };
      },
    },
  ],
};

export const dropoutRule: Rule = {
  name: 'dropout behind a product',
  formula: 'y = dropout(rectify(x ∗ w + bias))',
  anchors: [dropout],
  match(dispatch, program) {
    if (!isOf(dispatch, dropout)) return undefined;
    const { rate, layer } = dispatch.params;
    const { x, y, counters } = dispatch.bindings;
    const product = productOf(x, dispatch, program);
    if (!product || product.epilogue.dropout) return undefined;
    return withEpilogue(product.of, dispatch, { ...product.epilogue, dropout: { rate, layer } }, { y, counters });
  },
  cases: [
    {
      plain: 3,
      fused: 1,
      build(builder) {
        const sums = convolution(builder, true);
        const [active, y] = [builder.temporary('active', outputs), builder.temporary('y', outputs)];
        const counters = builder.integers('counters', [5, 0, 9]);
        builder.dispatch(relu, { length: outputs, rectifier: { slope: 0 } }, { x: sums, y: active });
        builder.dispatch(dropout, { length: outputs, rate: 0.25, layer: 4 }, { x: active, counters, y });
        return { y };
      },
    },
  ],
};
