/**
 * What the optimizers have in common: all weights, gradients and moments of a model lie in one flat buffer each, so
 * that an update is one dispatch, a thread a weight; or some, where a device does not bind all of it at once. The
 * learning rate and the bias corrections lie on the device too: a recorded step needs no upload.
 */
import { COUNTER, COUNTERS_WGSL, counters, FINITE_WGSL } from '../finite/faults.js';
import type { Binding } from '../runtime/kernel.js';

/** Ragged lengths, and that of the notebook's CNN. */
export const LENGTHS = [1, 3, 33, 65, 129, 173_674];

export const length = (p: { length: number }): number => p.length;
export const rate: Binding<object> = {
  access: 'read',
  type: 'f32',
  length: () => 1,
  sample: (_, draw) => draw.uniform() / 100,
};

/** The counters, as the threads of an update add to them. */
export const holdingCounters = { ...counters, atomic: true } as const satisfies Binding<object>;

/**
 * WGSL of `isHalted() -> bool`, whether nothing may change any more, and of `hold(i: u32)`, which notes an element, by
 * its distance from END: the end of all weights, counted from the first of these.
 */
export const HOLD_WGSL = `
${COUNTERS_WGSL}
${FINITE_WGSL}
fn isHalted() -> bool { return atomicLoad(&counters[FAULTS]) > 0u; }
fn hold(i: u32) {
  atomicAdd(&counters[HELD], 1u);
  atomicMax(&counters[HELD_END], END - i);
}`;

/**
 * An update whose elements stay as they were where one of the new ones is not finite, on the CPU.
 *
 * @param end the end of all weights, counted from the first of these; theirs if absent
 */
export function held<B extends string>(
  after: Readonly<Record<B, Float64Array>>,
  before: Readonly<Record<NoInfer<B> | 'counters', Float64Array>>,
  end?: number,
): Record<B | 'counters', Float64Array> {
  const names = Object.keys(after) as B[];
  const counted = before.counters.slice();
  if ((counted[COUNTER.faults] as number) > 0) {
    const kept = names.map((name) => [name, before[name]]);
    return { ...Object.fromEntries(kept), counters: counted };
  }
  const length = after[names[0] as B].length;
  for (let i = 0; i < length; i++) {
    if (names.every((name) => Number.isFinite(Math.fround(after[name][i] as number)))) continue;
    for (const name of names) after[name][i] = before[name][i] as number;
    counted[COUNTER.held] = (counted[COUNTER.held] as number) + 1;
    counted[COUNTER.heldEnd] = Math.max(counted[COUNTER.heldEnd] as number, (end ?? length) - i);
  }
  return { ...after, counters: counted } as Record<B | 'counters', Float64Array>;
}
