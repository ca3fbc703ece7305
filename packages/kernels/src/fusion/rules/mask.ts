/**
 * The gradient through a rectifier, and through the dropout behind it, done by the kernel that computes the gradient
 * that comes in. Both are told from the output y alone (epilogue/epilogue.ts).
 *
 *   d = dropout(dY);  dX = rectify'(d)                        →   dX = mask(dY), with y the dropout's output
 *   t = dY ∗ wᵀ, or a normalization's gradient;  dX = mask(t)   →   dX = mask(dY ∗ wᵀ)
 */
import { batchNormBackward } from '../../batchnorm/backward.js';
import { batchNormPoolBackward } from '../../batchnorm/pool-backward.js';
import { conv2dBackwardData } from '../../conv2d/backward-data/index.js';
import { denseBackwardData, denseForward } from '../../dense/dense.js';
import { depthwiseBackwardData } from '../../depthwise/backward-data/index.js';
import { dropout } from '../../dropout/dropout.js';
import { relu, reluBackward } from '../../elementwise/elementwise.js';
import type { Mask } from '../../epilogue/epilogue.js';
import { crossEntropyStep } from '../../loss/cross-entropy-step.js';
import { advance } from '../../optimizer/advance.js';
import type { Dispatch } from '../../runtime/dispatch.js';
import type { Kernel } from '../../runtime/kernel.js';
import type { Storage } from '../../runtime/storage.js';
import { isOf, replace } from '../program.js';
import type { CaseBuilder, Rule } from '../rule.js';

/** Kernels that can mask the gradient of their input x. */
const MASKING: readonly Kernel[] = [
  conv2dBackwardData,
  denseBackwardData,
  depthwiseBackwardData,
  batchNormBackward,
  batchNormPoolBackward,
];

/** Whether a dispatch goes on to the next step. Others that change the counters only note faults there. */
const advances = (dispatch: Dispatch): boolean =>
  isOf(dispatch, advance) || (isOf(dispatch, crossEntropyStep) && dispatch.params.advance);

const [BATCH, WIDTH, NEXT] = [7, 33, 5];
const LENGTH = BATCH * WIDTH;

/** Two dense layers, a rectifier and perhaps a dropout between them, and the gradient of what is between them. */
function betweenDenseLayers(builder: CaseBuilder, rate: number): Readonly<Record<string, Storage>> {
  const first = { batch: BATCH, inFeatures: 3, outFeatures: WIDTH, epilogue: { bias: false } };
  const next = { batch: BATCH, inFeatures: WIDTH, outFeatures: NEXT };
  const rule = { length: LENGTH, rate, layer: 2 };
  const [sums, active, dropped] = ['sums', 'active', 'dropped'].map((name) => builder.temporary(name, LENGTH));
  const [gradient, through, dX] = ['gradient', 'through', 'dX'].map((name) => builder.temporary(name, LENGTH));
  if (!sums || !active || !dropped || !gradient || !through || !dX) throw new Error('six temporaries were made');
  const counters = builder.integers('counters', [3, 0, 8]);
  const [w, dY] = [builder.input('w', WIDTH * NEXT), builder.input('dY', BATCH * NEXT)];
  builder.dispatch(denseForward, first, { x: builder.input('x', BATCH * 3), w: builder.input('v', 99), y: sums });
  builder.dispatch(relu, { length: LENGTH, rectifier: { slope: 0 } }, { x: sums, y: active });
  if (rate > 0) builder.dispatch(dropout, rule, { x: active, counters, y: dropped });
  builder.dispatch(denseBackwardData, next, { dY, w, dX: gradient });
  if (rate > 0) builder.dispatch(dropout, rule, { x: gradient, counters, y: through });
  const mask: Mask = { slope: 0, keep: 1 };
  builder.dispatch(reluBackward, { length: LENGTH, mask }, { y: active, dY: rate > 0 ? through : gradient, dX });
  return { y: rate > 0 ? dropped : active, dX };
}

export const dropoutMaskRule: Rule = {
  name: 'gradient through a rectifier and the dropout behind it',
  formula: 'dX = y > 0 ? dY / (1 − rate) : 0, with y = dropout(rectify(x))',
  anchors: [reluBackward],
  match(dispatch, program) {
    if (!isOf(dispatch, reluBackward) || dispatch.params.mask.keep !== 1) return undefined;
    const { y: active, dY: dropped, dX } = dispatch.bindings;
    const backward = program.producer(dropped);
    const forward = program.readers(active).find((reader) => isOf(reader, dropout) && reader.bindings['x'] === active);
    if (!isOf(backward, dropout) || !isOf(forward, dropout) || !program.isReadOnlyBy(dropped, dispatch))
      return undefined;
    const { rate, layer } = forward.params;
    if (backward.params.rate !== rate || backward.params.layer !== layer) return undefined;
    // Both must draw the same numbers: from the same counters, which no dispatch between them advances.
    const { counters } = forward.bindings;
    if (backward.bindings.counters !== counters) return undefined;
    if (program.writerBefore(counters, forward, advances) !== program.writerBefore(counters, backward, advances))
      return undefined;
    const { length, mask } = dispatch.params;
    const bindings = { y: forward.bindings.y, dY: backward.bindings.x, dX };
    return replace(dispatch, [backward], reluBackward, { length, mask: { ...mask, keep: 1 / (1 - rate) } }, bindings);
  },
  cases: [{ plain: 6, fused: 2, build: (builder) => betweenDenseLayers(builder, 0.5) }],
};

export const maskRule: Rule = {
  name: 'mask of a gradient',
  formula: 'dX = mask(dY ∗ wᵀ, y)',
  anchors: [reluBackward],
  match(dispatch, program) {
    if (!isOf(dispatch, reluBackward)) return undefined;
    const { y, dY, dX } = dispatch.bindings;
    const gradient = program.producer(dY);
    if (!gradient || !MASKING.includes(gradient.kernel) || !program.isReadOnlyBy(dY, dispatch)) return undefined;
    if ((gradient.params as { readonly mask?: Mask }).mask) return undefined;
    // A normalization reads its input x in any case: that must be the rectifier's output.
    const { x = y } = gradient.bindings;
    if (x !== y) return undefined;
    const params = { ...gradient.params, mask: dispatch.params.mask };
    return replace(gradient, [dispatch], gradient.kernel, params, { ...gradient.bindings, x, dX });
  },
  cases: [{ plain: 4, fused: 2, build: (builder) => betweenDenseLayers(builder, 0) }],
};
