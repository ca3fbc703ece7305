/** The fusion pass over the dispatches of a recorded step. */
import type { Dispatch } from '../runtime/dispatch.js';
import type { Storage } from '../runtime/storage.js';

export interface FusionContext {
  /** Whether nobody outside the step reads this memory: what no dispatch reads of it need not be computed. */
  isTemporary(storage: Storage): boolean;
}

export function fuse(dispatches: readonly Dispatch[], _: FusionContext): readonly Dispatch[] {
  return dispatches;
}
