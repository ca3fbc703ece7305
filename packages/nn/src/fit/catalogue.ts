/** The built-in callbacks that need nothing but a model, by the names that recipes give them. */
import type { Callback } from './callback.js';
import { EarlyStopping, type EarlyStoppingOptions } from './early-stopping.js';
import { LearningRateScheduler, type LearningRateSchedulerOptions } from './learning-rate-scheduler.js';
import { ReduceLROnPlateau, type ReduceLROnPlateauOptions } from './reduce-lr-on-plateau.js';
import { TerminateOnNaN } from './terminate-on-nan.js';

/** The types of callbacks. A table about them is a `Record<CallbackType, …>`. */
export const CALLBACK_TYPES = [
  'EarlyStopping',
  'LearningRateScheduler',
  'ReduceLROnPlateau',
  'TerminateOnNaN',
] as const;
export type CallbackType = (typeof CALLBACK_TYPES)[number];

/** How each callback is made from its options. */
export const callbacks = {
  EarlyStopping: (options: EarlyStoppingOptions) => new EarlyStopping(options),
  LearningRateScheduler: (options: LearningRateSchedulerOptions) => new LearningRateScheduler(options),
  ReduceLROnPlateau: (options: ReduceLROnPlateauOptions) => new ReduceLROnPlateau(options),
  TerminateOnNaN: () => new TerminateOnNaN(),
} satisfies Record<CallbackType, (options: never) => Callback>;
