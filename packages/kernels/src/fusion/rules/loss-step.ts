/**
 * The end of a step's forward pass as one dispatch: the loss, its gradient, the penalties, the epoch's sums, and the
 * counters of the steps. All of it is little work, and each dispatch costs more than that work.
 *
 *   losses = cross-entropy of each row;  loss = Σ losses / rows;  dLogits = (softmax − one-hot) / rows
 *   loss = loss + Σ penalties;  totals += (loss · rows, correct, rows);  counters += 1;  corrections advance
 */
import { addPenalties } from '../../loss/add-penalties.js';
import { type CrossEntropyStepParams, crossEntropyStep } from '../../loss/cross-entropy-step.js';
import { epochTotals } from '../../metrics/metrics.js';
import { adamCorrections } from '../../optimizer/adam.js';
import { advance } from '../../optimizer/advance.js';
import { weightPenalties } from '../../optimizer/penalties.js';
import { sum } from '../../reduce/sum.js';
import type { Dispatch } from '../../runtime/dispatch.js';
import type { Storage } from '../../runtime/storage.js';
import { softmaxCrossEntropy, softmaxCrossEntropyBackward } from '../../softmax/softmax.js';
import { isOf, type Program, type Rewrite, replace } from '../program.js';
import type { CaseBuilder, Rule, RuleCase } from '../rule.js';

/** The step's dispatch with one more task. */
function extended(
  step: Dispatch,
  absorbed: Dispatch,
  params: Partial<CrossEntropyStepParams>,
  bindings: Readonly<Record<string, Storage>>,
): Rewrite {
  const all = { ...(step.params as CrossEntropyStepParams), ...params };
  return replace(step, [absorbed], crossEntropyStep, all, { ...step.bindings, ...bindings });
}

/** The only dispatch of the program that ends a step. */
function onlyStep(program: Program): Dispatch | undefined {
  const steps = program.dispatches.filter((dispatch) => isOf(dispatch, crossEntropyStep));
  return steps.length === 1 ? steps[0] : undefined;
}

const [ROWS, CLASSES] = [33, 7];

/** The plain dispatches of the end of a step. */
function endOfStep(
  builder: CaseBuilder,
  options: { readonly smoothing?: number; readonly weighted?: boolean } = {},
): Readonly<Record<string, Storage>> {
  const shape = { rows: ROWS, classes: CLASSES };
  const rowLoss = { ...shape, ...options };
  const rowWeights = builder.input('row weights', ROWS, (i) => 0.5 + (i % 3));
  const logits = builder.input('logits', ROWS * CLASSES);
  const labels = builder.integers(
    'labels',
    Array.from({ length: ROWS }, (_, i) => (i * 5) % CLASSES),
  );
  const weights = builder.input('weights', 500);
  const counters = builder.integers('counters', [4, 2, 77, 0, 0, 0, 0]);
  const corrections = builder.input('corrections', 2, () => 0.25);
  const totals = builder.input('totals', 3, (i) => i + 1);
  const [losses, mean, loss] = [
    builder.temporary('losses', ROWS),
    builder.temporary('mean', 1),
    builder.temporary('loss', 1),
  ];
  const [parts, dLogits] = [builder.temporary('parts', 3), builder.temporary('dLogits', ROWS * CLASSES)];
  const stretches = [{ offset: 0, length: 500, l2: 0.01 }];
  builder.dispatch(softmaxCrossEntropy, rowLoss, { logits, labels, rowWeights, losses });
  builder.dispatch(sum, { outer: 1, length: ROWS, inner: 1, factor: 1 / ROWS }, { x: losses, y: mean });
  builder.dispatch(weightPenalties, { stretches, parts: 3 }, { weights, parts });
  builder.dispatch(addPenalties, { penalties: 3 }, { mean, penalties: parts, loss });
  builder.dispatch(epochTotals, shape, { scores: logits, labels, loss, totals, counters });
  builder.dispatch(
    softmaxCrossEntropyBackward,
    { ...rowLoss, share: 1 / ROWS },
    { logits, labels, rowWeights, dLogits },
  );
  builder.dispatch(adamCorrections, { beta1: 0.9, beta2: 0.999 }, { corrections });
  builder.dispatch(advance, {}, { counters });
  return { loss, dLogits, totals, counters, corrections };
}
const CASE: RuleCase = { plain: 8, fused: 2, build: (builder) => endOfStep(builder) };
/** With smoothed labels, and a factor for each row. */
const WEIGHTED: RuleCase = {
  ...CASE,
  build: (builder) => endOfStep(builder, { smoothing: 0.1, weighted: true }),
};

export const crossEntropyRule: Rule = {
  name: 'mean cross-entropy with its gradient',
  formula: 'loss = Σ losses / rows;  dLogits = (softmax(logits) − one-hot) / rows',
  rounding: 'the rows are added as a tree, and exp is computed once for the loss and the gradient',
  anchors: [sum],
  match(dispatch, program) {
    if (!isOf(dispatch, sum)) return undefined;
    const { x: losses, y: loss } = dispatch.bindings;
    const { outer, inner, length, factor } = dispatch.params;
    const forward = program.producer(losses);
    if (!isOf(forward, softmaxCrossEntropy) || !program.isReadOnlyBy(losses, dispatch)) return undefined;
    const { rows, classes, smoothing, weighted } = forward.params;
    if (outer !== 1 || inner !== 1 || length !== rows || factor !== 1 / rows) return undefined;
    const { losses: _, ...inputs } = forward.bindings;
    const backward = program.readers(inputs.logits).find((reader) => isOf(reader, softmaxCrossEntropyBackward));
    const params = {
      ...{ rows, classes, smoothing, weighted },
      ...{ penalties: 0, gradient: backward !== undefined, totals: false, advance: false },
    };
    if (!isOf(backward, softmaxCrossEntropyBackward))
      return replace(dispatch, [forward], crossEntropyStep, params, { ...inputs, loss });
    const { dLogits, ...others } = backward.bindings;
    const sameInputs = others.labels === inputs.labels && others.rowWeights === inputs.rowWeights;
    const { share, smoothing: alsoSmoothing } = backward.params;
    if (!sameInputs || share !== factor || alsoSmoothing !== smoothing) return undefined;
    return replace(dispatch, [forward, backward], crossEntropyStep, params, { ...inputs, loss, dLogits });
  },
  cases: [CASE, WEIGHTED],
};

export const penaltiesRule: Rule = {
  name: 'penalties in the loss',
  formula: 'loss = mean + Σ penalties',
  anchors: [addPenalties],
  match(dispatch, program) {
    if (!isOf(dispatch, addPenalties)) return undefined;
    const { mean, penalties, loss } = dispatch.bindings;
    const step = program.producer(mean);
    if (!isOf(step, crossEntropyStep) || step.params.penalties > 0 || step.params.totals) return undefined;
    if (!program.isReadOnlyBy(mean, dispatch)) return undefined;
    // The penalties may be computed behind the step: so the step moves to where they are added.
    const params = { ...step.params, penalties: dispatch.params.penalties };
    return replace(dispatch, [step], crossEntropyStep, params, { ...step.bindings, penalties, loss });
  },
  cases: [CASE],
};

export const totalsRule: Rule = {
  name: 'the epoch’s sums',
  formula: 'totals += (loss · rows, correct rows, rows);  faults += logits and losses that are not finite',
  anchors: [epochTotals],
  match(dispatch, program) {
    if (!isOf(dispatch, epochTotals)) return undefined;
    const { scores, labels, loss, totals, counters } = dispatch.bindings;
    const step = program.producer(loss);
    if (!isOf(step, crossEntropyStep) || step.params.totals) return undefined;
    if (step.bindings.logits !== scores || step.bindings.labels !== labels) return undefined;
    return extended(step, dispatch, { totals: true }, { totals, counters });
  },
  cases: [CASE],
};

export const advanceRule: Rule = {
  name: 'the count of the steps',
  formula: 'counters += 1',
  anchors: [advance],
  match(dispatch, program) {
    if (!isOf(dispatch, advance)) return undefined;
    const step = onlyStep(program);
    if (!isOf(step, crossEntropyStep) || step.params.advance) return undefined;
    return extended(step, dispatch, { advance: true }, { counters: dispatch.bindings.counters });
  },
  cases: [CASE],
};

export const correctionsRule: Rule = {
  name: 'Adam’s bias corrections',
  formula: 'c ← c + (1 − c)·(1 − β)',
  anchors: [adamCorrections],
  match(dispatch, program) {
    if (!isOf(dispatch, adamCorrections)) return undefined;
    const step = onlyStep(program);
    if (!isOf(step, crossEntropyStep) || step.params.betas) return undefined;
    const { beta1, beta2 } = dispatch.params;
    return extended(step, dispatch, { betas: { beta1, beta2 } }, { corrections: dispatch.bindings.corrections });
  },
  cases: [CASE],
};
