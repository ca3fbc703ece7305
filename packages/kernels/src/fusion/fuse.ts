/**
 * The fusion pass: rewrites the plain dispatches of a step into fewer ones that do the same. A producer whose result
 * one consumer reads is absorbed, and results that no dispatch reads are no longer computed.
 *
 * It is a worklist over rules. Each dispatch is tried with the rules that are anchored at its kernel; where one fits,
 * the dispatches that share memory with what has changed are tried again. A rule only names what may be joined: that
 * nothing between the joined dispatches stands in the way is checked here, for all rules alike.
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
  const anchored = new Map<Kernel, Rule[]>();
  for (const rule of rules)
    for (const kernel of rule.anchors) anchored.set(kernel, [...(anchored.get(kernel) ?? []), rule]);
  const program = new Program(plain, (storage) => context.isTemporary(storage));
  const worklist = new Set(plain);
  for (const dispatch of worklist) {
    worklist.delete(dispatch);
    if (!program.has(dispatch)) continue;
    for (const rule of anchored.get(dispatch.kernel) ?? []) {
      const rewrite = rule.match(dispatch, program);
      if (!rewrite) continue;
      const joined = [rewrite.at, ...rewrite.absorbs];
      if (joined.some(({ variant }) => variant !== undefined) || !program.allows(rewrite)) continue;
      for (const neighbour of program.apply(rewrite)) worklist.add(neighbour);
      break;
    }
  }
  return program.dispatches;
}
