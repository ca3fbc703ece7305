/** Whether a machine computes a golden run as it should, edges considered. */
import type { Gpu } from '@anke/kernels';
import { compare, type GroupError, isBeyond } from './compare.js';
import { type Explanation, explain, type Flip } from './explain.js';
import { type GoldenRun, OPTIMIZERS, type OptimizerName } from './golden-run.js';
import { replay } from './replay.js';
import type { Machine } from './track.js';

export interface Verdict {
  readonly groups: readonly GroupError[];
  /** Groups beyond their bounds that no flip explains. */
  readonly failed: readonly GroupError[];
  /** Groups beyond their bounds because decisions near their edges were taken the other way. */
  readonly explained: readonly GroupError[];
  readonly flips: readonly Flip[];
  /** By optimizer, the first step that is wrong by itself. */
  readonly wrong: readonly { readonly optimizer: OptimizerName; readonly step: number }[];
}

/** Which optimizer's run a group belongs to; the first step is looked at in Adam's. */
const optimizerOf = ({ group }: GroupError): OptimizerName => (group.startsWith('SGD') ? 'sgd' : 'adam');
const isOfFirstStep = ({ tensor }: GroupError): boolean => tensor.startsWith('step1/');

/**
 * Replays a golden run and, where groups are beyond their bounds, looks for the reason step by step.
 *
 * @param onDoubt is called before a run is looked at step by step, which takes long
 */
export async function verifyGolden(
  gpu: Gpu,
  machine: Machine,
  golden: GoldenRun,
  onDoubt: (optimizer: OptimizerName, steps: number) => void = () => undefined,
): Promise<Verdict> {
  const groups = compare(golden, await replay(gpu, machine, golden));
  const beyond = groups.filter(isBeyond);
  const explanations = new Map<OptimizerName, Explanation>();
  for (const optimizer of OPTIMIZERS) {
    const doubtful = beyond.filter((group) => optimizerOf(group) === optimizer);
    if (doubtful.length === 0) continue;
    const steps = doubtful.every(isOfFirstStep) ? 1 : golden.steps;
    onDoubt(optimizer, steps);
    explanations.set(optimizer, await explain(gpu, machine, golden, { optimizer, steps }));
  }
  const isExplained = (group: GroupError): boolean => {
    const { flips = [], wrong } = explanations.get(optimizerOf(group)) ?? {};
    return wrong === undefined && flips.some(({ step }) => step === 1 || !isOfFirstStep(group));
  };
  const found = [...explanations];
  return {
    groups,
    failed: beyond.filter((group) => !isExplained(group)),
    explained: beyond.filter(isExplained),
    flips: found.flatMap(([, { flips }]) => flips),
    wrong: found.flatMap(([optimizer, { wrong }]) => (wrong ? [{ optimizer, step: wrong.step }] : [])),
  };
}
