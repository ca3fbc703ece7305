/**
 * The fusion pass: rewrites the plain dispatches of a step into fewer ones that do the same. A producer whose result
 * one consumer reads is absorbed, and results that no dispatch reads are no longer computed.
 *
 * It is a worklist over rules. Each dispatch is tried with the rules that are anchored at its kernel; where one fits,
 * the dispatches that share memory with what has changed are tried again; late rules, when no other fits any more. A
 * rule only names what may be joined: that nothing between the joined dispatches stands in the way, and that the device
 * can bind all that the joined one needs, is checked here, for all rules alike.
 */
import type { Dispatch } from '../runtime/dispatch.js';
import type { Kernel } from '../runtime/kernel.js';
import type { Storage } from '../runtime/storage.js';
import { Program } from './program.js';
import type { Rule } from './rule.js';
import { RULES } from './rules.js';

export interface FusionContext {
  /** Whether this memory is read inside the step only: then a result that no dispatch reads need not be computed. */
  isTemporary(storage: Storage): boolean;
  /** Storage buffers that a shader may bind. */
  readonly storageBuffers: number;
}

/**
 * The dispatches that do the work of `plain`. A dispatch whose variant is forced stays as it is.
 *
 * @param rules all of the project's, if absent
 */
export function fuse(
  plain: readonly Dispatch[],
  context: FusionContext,
  rules: readonly Rule[] = RULES,
): readonly Dispatch[] {
  const program = new Program(plain, (storage) => context.isTemporary(storage));
  const early = rules.filter(({ late }) => !late);
  for (const some of [early, rules]) rewrite(program, some, context);
  return program.dispatches;
}

/** Tries the rules until none fits any more. */
function rewrite(program: Program, rules: readonly Rule[], { storageBuffers }: FusionContext): void {
  const anchored = new Map<Kernel, Rule[]>();
  for (const rule of rules)
    for (const kernel of rule.anchors) anchored.set(kernel, [...(anchored.get(kernel) ?? []), rule]);
  const worklist = new Set(program.dispatches);
  for (const dispatch of worklist) {
    worklist.delete(dispatch);
    if (!program.has(dispatch)) continue;
    for (const rule of anchored.get(dispatch.kernel) ?? []) {
      const found = rule.match(dispatch, program);
      if (!found || buffersOf(found.by) > storageBuffers) continue;
      const joined = [found.at, ...found.absorbs];
      if (joined.some(({ variant }) => variant !== undefined) || !program.allows(found)) continue;
      for (const neighbour of program.apply(found)) worklist.add(neighbour);
      break;
    }
  }
}

/** Buffers that a shader of this dispatch binds, at most. */
function buffersOf({ kernel, params, bindings }: Dispatch): number {
  const joins = Object.values(kernel.variants).flatMap(({ join }) => (join ? [join] : []));
  const named = joins.map((join) => join.bindings?.(params).length ?? 0);
  return Math.max(Object.keys(bindings).length, ...named);
}
