/**
 * Why a replay is beyond its bounds: because the device computes wrongly, or because the run stands on an edge, where
 * rounding decides which way it goes (edges.ts).
 *
 * Each of the device's steps is computed by the references too, in float64 and from the same state. A step is right if
 * both agree within the golden run's bounds, perhaps after some decisions near their edges are taken the other way:
 * those are the device's flips. Where all steps are right and yet the run went elsewhere, the golden run's own
 * decisions, from its first weights on, differ from those on the device's way.
 */
import type { Gpu } from '@anke/kernels';
import { compare, type GroupError, isBeyond, type Wanted } from './compare.js';
import { type Edge, EdgeExecutor } from './edges.js';
import type { GoldenRun, OptimizerName } from './golden-run.js';
import { withSession } from './replay.js';
import { type Machine, referenceMachine, type Tensors, Track } from './track.js';

/** A decision that the device took otherwise than the golden run. */
export interface Flip extends Edge {
  readonly optimizer: OptimizerName;
  /** Counted from 1. */
  readonly step: number;
}

export interface Explanation {
  readonly flips: readonly Flip[];
  /** The first step that is wrong by itself, if one is, and the groups that show it. */
  readonly wrong?: { readonly step: number; readonly groups: readonly GroupError[] };
}

/** A right device flips few decisions in a step; with many, anything could be explained. */
const MOST_FLIPS = 4;
/** Decisions that are tried, those nearest to their edges. */
const CANDIDATES = 8;

/** @param steps how many of the golden run's steps are looked at */
export async function explain(
  gpu: Gpu,
  machine: Machine,
  golden: GoldenRun,
  { optimizer, steps }: { readonly optimizer: OptimizerName; readonly steps: number },
): Promise<Explanation> {
  return withSession(gpu, golden, optimizer, async (session) => {
    const [beside, ahead] = [new EdgeExecutor(gpu, golden.batch), new EdgeExecutor(gpu, golden.batch)];
    const device = await Track.start(session, machine, golden);
    /** Computes what the device does, from where the device stands. */
    const same = await Track.start(session, referenceMachine(gpu, beside), golden);
    /** The golden run itself. */
    const own = await Track.start(session, referenceMachine(gpu, ahead), golden);
    const flips: Flip[] = [];
    try {
      for (let i = 0; i < steps; i++) {
        const state = await device.state();
        await device.step();
        const got = await outcome(device, optimizer);
        const attempt = async (flipped: readonly Edge[]): Promise<GroupError[]> => {
          beside.begin(flipped);
          same.restore(state, i);
          await same.step();
          return compare(wanted(golden, await outcome(same, optimizer)), got).filter(isBeyond);
        };
        const { flipped, groups } = await search(attempt, beside);
        if (groups.length > 0) return { flips, wrong: { step: i + 1, groups } };
        flips.push(...flipped.map((edge) => ({ ...edge, optimizer, step: i + 1 })));
        // Behind a flip, the two runs are on different ways.
        if (flips.length > 0) continue;
        ahead.begin([]);
        await own.step();
        const differences = ahead.differences(beside).slice(0, MOST_FLIPS);
        flips.push(...differences.map((edge) => ({ ...edge, optimizer, step: i + 1 })));
      }
      return { flips };
    } finally {
      for (const track of [device, same, own]) track.destroy();
    }
  });
}

/** Takes decisions the other way, one after the other, as long as that brings the references nearer to the device. */
async function search(
  attempt: (flipped: readonly Edge[]) => Promise<GroupError[]>,
  executor: EdgeExecutor,
): Promise<{ readonly flipped: readonly Edge[]; readonly groups: readonly GroupError[] }> {
  let best = { flipped: [] as readonly Edge[], groups: await attempt([]) };
  if (best.groups.length === 0) return best;
  const candidates = executor.near().slice(0, CANDIDATES);
  while (best.groups.length > 0 && best.flipped.length < MOST_FLIPS) {
    const before = best;
    for (const candidate of candidates.filter((edge) => !before.flipped.includes(edge))) {
      const flipped = [...before.flipped, candidate];
      const groups = await attempt(flipped);
      if (excess(groups) < excess(best.groups)) best = { flipped, groups };
      if (groups.length === 0) return best;
    }
    if (best === before) return best;
  }
  return best;
}

/** How far groups are beyond their bounds: the worst of them. */
const excess = (groups: readonly GroupError[]): number =>
  groups.reduce((most, { error, bound }) => Math.max(most, error / bound), 0);

/** What a step gives, called as in a golden run of one step. */
async function outcome(track: Track, optimizer: OptimizerName): Promise<Tensors> {
  const tensors = [...(await track.firstStep()), ...(await track.weights(optimizer))];
  return new Map([...tensors, [`${optimizer}/losses`, [await track.loss()]]]);
}

const wanted = ({ float32 }: GoldenRun, tensors: Tensors): Wanted => ({
  tensors: new Map([...tensors].map(([name, values]) => [name, { values }])),
  ...(float32 ? { float32 } : {}),
});
