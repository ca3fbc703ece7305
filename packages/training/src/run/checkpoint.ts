/** How far a run has come: the checkpoint of its last epoch, which replaces the one before. */
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint, FormatError } from '@anke/nn';
import { RunError } from '../errors.js';
import type { Store } from '../store.js';
import type { Phase } from './events.js';

export const CHECKPOINT_FILE = 'checkpoint/state.safetensors';

/** The phases that are done, and the one that was under way. */
export interface RunProgress {
  readonly phases: readonly Phase[];
  /** Whether the last of them needs no further epoch. */
  readonly ended: boolean;
}

export interface RunCheckpoint extends Checkpoint {
  readonly run: RunProgress;
}

export const saveCheckpoint = (store: Store, checkpoint: RunCheckpoint): Promise<void> =>
  store.write(CHECKPOINT_FILE, encodeCheckpoint(checkpoint));

/**
 * Undefined if the run stopped before the end of its first epoch.
 *
 * @throws RunError if the file is no checkpoint
 */
export async function readCheckpoint(store: Store): Promise<RunCheckpoint | undefined> {
  const bytes = await store.read(CHECKPOINT_FILE);
  if (!bytes) return undefined;
  try {
    return decodeCheckpoint(bytes) as RunCheckpoint;
  } catch (error) {
    throw error instanceof FormatError ? new RunError(error.message, CHECKPOINT_FILE) : error;
  }
}
