/**
 * How far a run has come. A checkpoint follows each epoch, in one of two files by turns, so that the one before stays:
 * where one is damaged, the run goes on from the other, and computes the same in the end.
 */
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint, FormatError } from '@anke/nn';
import { RunError } from '../errors.js';
import type { Store } from '../store.js';
import type { Phase } from './events.js';

/** After an even number of epochs of the run, and after an odd one. */
export const CHECKPOINT_FILES = ['checkpoint/even.safetensors', 'checkpoint/odd.safetensors'] as const;
/** Of earlier versions, which kept a single one. */
const FORMER_FILE = 'checkpoint/state.safetensors';

/** The phases that are done, and the one that was under way. */
export interface RunProgress {
  readonly phases: readonly Phase[];
  /** Whether the last of them has come to its end. */
  readonly ended: boolean;
  /** Epochs that it was to have at most. */
  readonly planned?: number;
}

/** Whether a run's last phase has come to its end, and no more epochs of it are asked for than before. */
export const isOver = ({ ended, planned = Number.POSITIVE_INFINITY }: RunProgress, epochs: number): boolean =>
  ended && epochs <= planned;

export interface RunCheckpoint extends Checkpoint {
  readonly run: RunProgress;
}

/** Epochs of all phases. */
export const epochsOf = ({ phases }: RunProgress): number => phases.reduce((sum, { epochs }) => sum + epochs.length, 0);

export const saveCheckpoint = (store: Store, checkpoint: RunCheckpoint): Promise<void> =>
  store.write(CHECKPOINT_FILES[(epochsOf(checkpoint.run) % 2) as 0 | 1], encodeCheckpoint(checkpoint));

export interface LastCheckpoint {
  /** Undefined if the run stopped before the end of its first epoch. */
  readonly checkpoint: RunCheckpoint | undefined;
  /** What is wrong with the other one, if it is damaged. */
  readonly damage: RunError | undefined;
}

/**
 * The last checkpoint that is whole.
 *
 * @throws RunError if there are checkpoints, and none is whole
 */
export async function readCheckpoint(store: Store): Promise<LastCheckpoint> {
  const whole: RunCheckpoint[] = [];
  const damaged: RunError[] = [];
  for (const file of CHECKPOINT_FILES) {
    try {
      const bytes = await store.read(file);
      if (bytes) whole.push(checked(decodeCheckpoint(bytes), file));
    } catch (error) {
      if (error instanceof RunError) damaged.push(error);
      else if (error instanceof FormatError) damaged.push(new RunError(error.message, file));
      else throw error;
    }
  }
  const [checkpoint] = whole.sort((a, b) => epochsOf(b.run) - epochsOf(a.run));
  const [damage] = damaged;
  if (damage && !checkpoint) throw damage;
  if (!checkpoint && (await store.read(FORMER_FILE)))
    throw new RunError('this checkpoint is of an earlier version of Anke, which has to resume it', FORMER_FILE);
  return { checkpoint, damage };
}

/**
 * How far a run has come; undefined if it stopped before the end of its first epoch.
 *
 * @throws RunError if there are checkpoints, and none is whole
 */
export const readProgress = async (store: Store): Promise<RunProgress | undefined> =>
  (await readCheckpoint(store)).checkpoint?.run;

/** @throws RunError if it does not tell how far a run has come */
function checked({ run, ...rest }: Checkpoint, file: string): RunCheckpoint {
  const { phases, ended, planned } = (run ?? {}) as Partial<RunProgress>;
  const tells = Array.isArray(phases) && phases.every((phase: Partial<Phase> | null) => Array.isArray(phase?.epochs));
  if (!tells || typeof ended !== 'boolean') throw new RunError('it does not tell how far the run has come', file);
  return { ...rest, run: { phases, ended, ...(typeof planned === 'number' ? { planned } : {}) } };
}
