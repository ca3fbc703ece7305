/**
 * The gradient of an L2 penalty, added by the kernel that computes the weights' gradient from the loss. One that has an
 * L1 part too stays by itself.
 *
 *   dW = 2λ · w;  t = Xᵀ · dY;  dW = dW + t     →   dW = Xᵀ · dY + 2λ · w
 */
import { conv2dBackwardWeights } from '../../conv2d/backward-weights/index.js';
import { denseBackwardWeights } from '../../dense/dense.js';
import { depthwiseBackwardWeights } from '../../depthwise/backward-weights/index.js';
import { accumulate } from '../../elementwise/elementwise.js';
import { penaltyBackward } from '../../optimizer/penalties.js';
import type { Kernel } from '../../runtime/kernel.js';
import { isOf, replace } from '../program.js';
import type { Rule } from '../rule.js';

const DECAYING: readonly Kernel[] = [conv2dBackwardWeights, denseBackwardWeights, depthwiseBackwardWeights];

export const decayRule: Rule = {
  name: 'gradient of an L2 penalty',
  formula: 'dW = Xᵀ · dY + 2λ · w',
  rounding: 'the penalty’s share is multiplied and added with one rounding',
  anchors: [accumulate],
  match(dispatch, program) {
    if (!isOf(dispatch, accumulate)) return undefined;
    const { total, x: gradient } = dispatch.bindings;
    const product = program.producer(gradient);
    const penalty = program.writerBefore(total, dispatch);
    if (!product || !DECAYING.includes(product.kernel) || !isOf(penalty, penaltyBackward)) return undefined;
    if (!program.isReadOnlyBy(gradient, dispatch)) return undefined;
    // A bias has its gradient of the same kernel, and may have a penalty too.
    if (product.bindings['dW'] !== gradient || penalty.params.l1 !== undefined) return undefined;
    const { decay } = product.params as { readonly decay: number };
    if (decay !== 0 || penalty.params.length !== dispatch.params.length) return undefined;
    const params = { ...product.params, decay: 2 * penalty.params.l2 };
    const bindings = { ...product.bindings, w: penalty.bindings.weights, dW: total };
    return replace(dispatch, [product, penalty], product.kernel, params, bindings);
  },
  cases: [
    {
      plain: 3,
      fused: 1,
      build(builder) {
        const sizes = { batch: 9, inFeatures: 5, outFeatures: 13 };
        const w = builder.input('w', 65);
        const [x, dY] = [builder.input('x', 45), builder.input('dY', 117)];
        const [total, dW, dBias] = [
          builder.temporary('total', 65),
          builder.temporary('dW', 65),
          builder.temporary('dBias', 13),
        ];
        builder.dispatch(penaltyBackward, { length: 65, l2: 0.01 }, { weights: w, dWeights: total });
        builder.dispatch(denseBackwardWeights, { ...sizes, bias: true, decay: 0 }, { x, dY, dW, dBias });
        builder.dispatch(accumulate, { length: 65 }, { total, x: dW });
        return { total, dBias };
      },
    },
    {
      // A penalty on the bias stays by itself.
      plain: 5,
      fused: 3,
      build(builder) {
        const sizes = { batch: 9, inFeatures: 5, outFeatures: 13 };
        const [x, w, bias] = [builder.input('x', 45), builder.input('w', 65), builder.input('bias', 13)];
        const [total, dW] = [builder.temporary('total', 65), builder.temporary('dW', 65)];
        const [totalBias, dBias] = [builder.temporary('total of the bias', 13), builder.temporary('dBias', 13)];
        const dY = builder.input('dY', 117);
        builder.dispatch(penaltyBackward, { length: 65, l2: 0.01 }, { weights: w, dWeights: total });
        builder.dispatch(penaltyBackward, { length: 13, l2: 0.03 }, { weights: bias, dWeights: totalBias });
        builder.dispatch(denseBackwardWeights, { ...sizes, bias: true, decay: 0 }, { x, dY, dW, dBias });
        builder.dispatch(accumulate, { length: 65 }, { total, x: dW });
        builder.dispatch(accumulate, { length: 13 }, { total: totalBias, x: dBias });
        return { total, totalBias };
      },
    },
  ],
};
