/** Callbacks: hooks into training. */
import type { ModelState } from '../engine/session.js';
import type { WeightSnapshot, WeightValues } from '../engine/weights.js';
import { ModelError } from '../errors.js';
import type { Metric } from '../metrics/metric.js';

/**
 * What an epoch came to: `loss`, the metrics by their names, `learning_rate`, and `val_loss` and the metrics as
 * `val_…` where there is validation data, and the epoch is one that is validated.
 */
export type Logs = Readonly<Record<string, number>>;

/** Names from logs, each with the direction in which it gets better, where that is known. */
export type Quantities = Readonly<Record<string, 'max' | 'min' | undefined>>;

/** What the logs of a training hold that is measured by these metrics. */
export function loggedQuantities(metrics: readonly Metric[], validates: boolean): Quantities {
  const measured = [['loss', 'min'] as const, ...metrics.map(({ name, direction }) => [name, direction] as const)];
  const validated = measured.map(([name, direction]) => [`val_${name}`, direction] as const);
  return Object.fromEntries([...measured, ['learning_rate', undefined], ...(validates ? validated : [])]);
}

/** What callbacks can do to the training that calls them. */
export interface TrainingControl {
  /**
   * The step size that the optimizer goes by. Setting it throws a ModelError if it is not positive, or follows a
   * schedule.
   */
  learningRate: number;
  /** If set, training ends after the epoch. */
  stopTraining: boolean;
  /** All that logs of this training may hold, each with whether it is better the larger or the smaller it is. */
  readonly quantities: Quantities;
  /** A copy of the present weights, on the device. */
  snapshot(): WeightSnapshot;
  getWeights(): Promise<ReadonlyMap<string, WeightValues>>;
  /** What the training can be resumed from. */
  getState(): Promise<ModelState>;
}

/** What a callback remembers between two epochs. */
export interface CallbackState {
  /** JSON. */
  readonly values: unknown;
  readonly tensors?: Readonly<Record<string, Float32Array>>;
}

/** Hooks into training; every one is optional, and may return a promise, which is awaited. */
export interface Callback {
  onTrainBegin?(control: TrainingControl): void | Promise<void>;
  onEpochBegin?(epoch: number, control: TrainingControl): void | Promise<void>;
  onEpochEnd?(epoch: number, logs: Logs, control: TrainingControl): void | Promise<void>;
  onTrainEnd?(control: TrainingControl): void | Promise<void>;
  /** What a later callback of the same options resumes from, with {@link Callback.setState} before training begins. */
  getState?(): CallbackState | Promise<CallbackState>;
  setState?(state: CallbackState): void;
}

/** What a callback watches. */
export interface Watching {
  /** The callback's name, for messages. */
  readonly callback: string;
  /** A name from the logs. */
  readonly monitor: string;
  readonly mode: 'auto' | 'min' | 'max';
}

/**
 * Whether a quantity is better the larger it is: in the mode `auto`, the loss is not, and a metric says itself.
 *
 * @throws ModelError if the training has no such quantity, or with the mode `auto` does not tell
 */
export function isMaximized(
  { callback, monitor, mode }: Watching,
  { quantities }: Pick<TrainingControl, 'quantities'>,
): boolean {
  if (!Object.hasOwn(quantities, monitor))
    throw new ModelError(`${callback} watches "${monitor}", but the logs hold ${Object.keys(quantities).join(', ')}`);
  const direction = mode === 'auto' ? quantities[monitor] : mode;
  if (!direction)
    throw new ModelError(`${callback} cannot tell whether "${monitor}" is to grow: say so by its mode, min or max`);
  return direction === 'max';
}
