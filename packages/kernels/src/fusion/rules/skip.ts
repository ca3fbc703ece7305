/**
 * A connection that skips some layers: its sum is taken by the normalization at the end of those layers, and the
 * gradient that comes back through it is added by the convolution at their beginning.
 *
 *   n = γ · x̂ + β;  y = n + s        →   y = γ · x̂ + β + s
 *   t = dY ∗ wᵀ;  dX = t + dS         →   dX = dY ∗ wᵀ + dS
 *
 * A rectifier behind the sum, and the mask before the gradient, join by their own rules. Where activations are stored
 * as 16 bits, what is normalized is added without being rounded to them first.
 */
import { batchNormNormalize } from '../../batchnorm/forward.js';
import { conv2dBackwardData } from '../../conv2d/backward-data/index.js';
import { conv2dParams } from '../../conv2d/geometry.js';
import { add, relu, reluBackward } from '../../elementwise/elementwise.js';
import type { Dispatch } from '../../runtime/dispatch.js';
import type { Storage } from '../../runtime/storage.js';
import { isOf, type Program, replace } from '../program.js';
import type { CaseBuilder, Rule } from '../rule.js';

/** The two operands of a sum that only it reads, each with the dispatch behind it, and the other operand. */
function operands(dispatch: Dispatch, program: Program) {
  if (!isOf(dispatch, add)) return [];
  const { a, b, sum } = dispatch.bindings;
  const both = [
    [b, a],
    [a, b],
  ] as const;
  return both
    .filter(([own, addend]) => own !== addend && program.isReadOnlyBy(own, dispatch))
    .map(([own, addend]) => ({ producer: program.producer(own), addend, sum }));
}

const NORM = { rows: 33, channels: 7, epsilon: 1e-3 };
const LENGTH = 231;

/** A normalization, of which there may be several. */
function normalized(builder: CaseBuilder, name: string): Storage {
  const y = builder.temporary(name, LENGTH);
  builder.dispatch(batchNormNormalize, NORM, {
    x: builder.input(`${name} x`, LENGTH),
    mean: builder.input(`${name} mean`, 7),
    variance: builder.input(`${name} variance`, 7, (i) => 0.5 + i),
    gamma: builder.input(`${name} gamma`, 7),
    beta: builder.input(`${name} beta`, 7),
    y,
  });
  return y;
}

export const skipRule: Rule = {
  name: 'batch normalization and a connection that skips it',
  formula: 'y = γ · x̂ + β + s',
  anchors: [add],
  match(dispatch, program) {
    for (const { producer, addend, sum } of operands(dispatch, program)) {
      if (!isOf(producer, batchNormNormalize) || producer.params.rectifier || producer.params.addend) continue;
      const params = { ...producer.params, addend: true as const };
      return replace(dispatch, [producer], batchNormNormalize, params, { ...producer.bindings, addend, y: sum });
    }
    return undefined;
  },
  cases: [
    {
      plain: 2,
      fused: 1,
      build(builder) {
        const sum = builder.temporary('sum', LENGTH);
        const bindings = { a: builder.input('s', LENGTH), b: normalized(builder, 'n'), sum };
        builder.dispatch(add, { length: LENGTH }, bindings);
        return { sum };
      },
    },
    {
      // Of two normalizations, one takes the sum, and then the rectifier.
      plain: 4,
      fused: 2,
      build(builder) {
        const [sum, y] = [builder.temporary('sum', LENGTH), builder.temporary('y', LENGTH)];
        const bindings = { a: normalized(builder, 'n'), b: normalized(builder, 's'), sum };
        builder.dispatch(add, { length: LENGTH }, bindings);
        builder.dispatch(relu, { length: LENGTH, rectifier: { slope: 0 } }, { x: sum, y });
        return { y };
      },
    },
  ],
};

const SIZES = conv2dParams({ batch: 2, height: 6, width: 5, inChannels: 9, outChannels: 5, kernel: [3, 3] });
const INPUTS = 2 * 6 * 5 * 9;

/** The gradient of what a convolution and a connection beside it read; with a mask, that was a rectifier's output. */
function throughBoth(builder: CaseBuilder, isMasked: boolean): Readonly<Record<string, Storage>> {
  const [dY, w] = [builder.input('dY', 2 * 4 * 3 * 5), builder.input('w', 9 * 9 * 5)];
  const [gradient, sum] = [builder.temporary('gradient', INPUTS), builder.temporary('sum', INPUTS)];
  builder.dispatch(conv2dBackwardData, SIZES, { dY, w, dX: gradient });
  builder.dispatch(add, { length: INPUTS }, { a: builder.input('dS', INPUTS), b: gradient, sum });
  if (!isMasked) return { sum };
  const dX = builder.temporary('dX', INPUTS);
  const mask = { slope: 0, keep: 1 };
  builder.dispatch(reluBackward, { length: INPUTS, mask }, { y: builder.input('y', INPUTS), dY: sum, dX });
  return { dX };
}

export const skipGradientRule: Rule = {
  name: 'gradient of what a convolution and a connection beside it read',
  formula: 'dX = dY ∗ wᵀ + dS',
  anchors: [add],
  match(dispatch, program) {
    for (const { producer, addend, sum } of operands(dispatch, program)) {
      if (!isOf(producer, conv2dBackwardData) || producer.params.mask || producer.params.addend) continue;
      const params = { ...producer.params, addend: true as const };
      return replace(dispatch, [producer], conv2dBackwardData, params, { ...producer.bindings, addend, dX: sum });
    }
    return undefined;
  },
  cases: [
    { plain: 2, fused: 1, build: (builder) => throughBoth(builder, false) },
    { plain: 3, fused: 1, build: (builder) => throughBoth(builder, true) },
  ],
};
