/**
 * The events of a training. The caller shows them: the command line as lines and bars, a page as curves. The training
 * itself shows nothing.
 */
import type { Logs, MemoryUse } from '@anke/nn';
import type { RunError } from '../errors.js';
import type { RecipePhase } from '../recipe/schema.js';

/** What an epoch came to, and how long it took. */
export interface EpochRecord extends Logs {
  readonly seconds: number;
}

/** What a phase came to, or has come to so far. */
export interface Phase {
  readonly name: string;
  readonly epochs: readonly EpochRecord[];
  /** The epoch (from 1) whose weights were kept, if any epoch was completed. */
  readonly bestEpoch: number | undefined;
  readonly stoppedEarly: boolean;
}

export interface Warning {
  readonly kind:
    | 'noEpochs'
    | 'oneClass'
    | 'limitAboveImages'
    | 'batchAboveImages'
    | 'fewSteps'
    | 'lagging'
    | 'diverged';
  /** One line: what is so, what follows from it, and what helps. */
  readonly message: string;
}

export type TrainEvent =
  /**
   * The training cannot come to a good model, or has not: before the first phase, behind the epoch in which it turned
   * out, or behind the end of a phase.
   */
  | { readonly type: 'warning'; readonly warning: Warning }
  /** A checkpoint is damaged; the run goes on from the other one, after so many epochs in all. */
  | { readonly type: 'damage'; readonly damage: RunError; readonly epochs: number }
  /** A phase begins, or is resumed after the epochs that it has done already. */
  | {
      readonly type: 'phase';
      readonly plan: RecipePhase;
      readonly resumed: boolean;
      readonly epochs: readonly EpochRecord[];
    }
  /** Before the first step, kernels are chosen and compiled: each dispatch is counted twice. */
  | { readonly type: 'preparing'; readonly done: number; readonly total: number }
  /** All is ready for the phase's first step, which will take so much of the device's memory. */
  | { readonly type: 'memory'; readonly bytes: MemoryUse }
  /**
   * Images that have been used in this epoch (from 1), some times a second at most; `logs` holds the means over them,
   * by the names that they have in the epoch's record.
   */
  | {
      readonly type: 'progress';
      readonly part: 'training' | 'validation';
      readonly epoch: number;
      readonly done: number;
      readonly total: number;
      readonly logs: Logs;
    }
  /** An epoch (from 1) is over, and the checkpoint after it is written. */
  | {
      readonly type: 'epoch';
      readonly epoch: number;
      readonly record: EpochRecord;
      /** Activations that lay beyond ±65,504, the range of float16, and were clamped; 0 with float32. */
      readonly clamped: number;
    }
  | { readonly type: 'phaseEnd'; readonly plan: RecipePhase; readonly result: Phase }
  /**
   * The device was lost, and another one was opened. What follows begins as a resumed training does: with the phase of
   * the last checkpoint.
   */
  | {
      readonly type: 'reopened';
      /** Why it was lost, as the driver says. */
      readonly reason: string;
      /** The epoch (from 1) of the last checkpoint's phase that the training goes on after; 0 without a checkpoint. */
      readonly epoch: number;
    }
  /** The model and its history are written; `interrupted` if that was before the recipe's end. */
  | { readonly type: 'done'; readonly phases: readonly Phase[]; readonly interrupted: boolean };
