/** One phase of a training: an optimizer with its epochs and callbacks, and a checkpoint after each epoch. */
import {
  type Callback,
  type CallbackState,
  EarlyStopping,
  type Logs,
  type ProgressPhase,
  type Sequential,
  TerminateOnNaN,
} from '@anke/nn';
import { makeCallbacks, makeOptimizer } from '../recipe/make.js';
import type { RecipePhase } from '../recipe/schema.js';
import { samplesOf } from '../samples.js';
import { type RunCheckpoint, saveCheckpoint } from './checkpoint.js';
import { saveChoices } from './choices.js';
import { type EpochRecord, eventsOf, type Phase, type TrainEvent } from './events.js';
import type { Training } from './training.js';

type Emit = (event: TrainEvent) => void;

/**
 * Trains a phase to its end, or until the model is interrupted.
 *
 * @param before what the phases before it came to
 * @param checkpoint of this phase, if it is resumed
 */
export async function* trainPhase(
  training: Training,
  plan: RecipePhase,
  before: readonly Phase[],
  checkpoint: RunCheckpoint | undefined,
): AsyncGenerator<TrainEvent, Phase, void> {
  const { gpu, model, data, recipe } = training;
  const { batchSize, storage } = recipe;
  model.compile({ gpu, optimizer: makeOptimizer(plan.optimizer), storage });
  const run = new PhaseRun(training, plan, before);
  if (checkpoint) {
    model.setState(checkpoint.model);
    run.resume(checkpoint);
  }
  const initialEpoch = run.epochs;
  const fit = (emit: Emit): Promise<unknown> => {
    run.emit = emit;
    return model.fit(samplesOf(data.training), {
      initialEpoch,
      epochs: checkpoint?.run.ended ? initialEpoch : plan.epochs,
      batchSize,
      validationData: samplesOf(data.validation),
      augmentation: data.augmentation,
      callbacks: [run],
    });
  };
  yield* eventsOf(fit, () => {
    model.interrupted = true;
  });
  const result = run.phase();
  yield { type: 'phaseEnd', plan, result, diverged: run.diverged };
  return result;
}

/**
 * The recipe's callbacks, and what a run does around them. That is one callback, so that what must happen in an order
 * stands in one: the recipe's callbacks have done their part, and only then the epoch is measured, recorded, kept and
 * told.
 */
class PhaseRun implements Callback {
  readonly #callbacks: readonly Callback[];
  #records: EpochRecord[] = [];
  #started = 0;
  emit: Emit = () => undefined;

  constructor(
    readonly training: Training,
    readonly plan: RecipePhase,
    readonly before: readonly Phase[],
  ) {
    this.#callbacks = makeCallbacks(plan, training.store);
  }

  /** Epochs that are done. */
  get epochs(): number {
    return this.#records.length;
  }

  get diverged(): boolean {
    return this.#callbacks.some((callback) => callback instanceof TerminateOnNaN && callback.terminated);
  }

  /** What the phase has come to so far. */
  phase(): Phase {
    const stopping = this.#callbacks.find((callback) => callback instanceof EarlyStopping);
    return {
      name: this.plan.name ?? '',
      epochs: this.#records,
      bestEpoch: stopping?.bestEpoch === undefined ? undefined : stopping.bestEpoch + 1,
      stoppedEarly: stopping?.stoppedEpoch !== undefined,
    };
  }

  resume({ callbacks, run }: RunCheckpoint): void {
    this.#records = [...(run.phases.at(-1)?.epochs ?? [])];
    callbacks.forEach((state, i) => void this.#callbacks[i]?.setState?.(state));
  }

  async onTrainBegin(model: Sequential): Promise<void> {
    for (const callback of this.#callbacks) await callback.onTrainBegin?.(model);
    const { gpu, device, store } = this.training;
    await saveChoices(store, { device, choices: gpu.tuner.used });
  }

  async onEpochBegin(epoch: number, model: Sequential): Promise<void> {
    this.#started = performance.now();
    for (const callback of this.#callbacks) await callback.onEpochBegin?.(epoch, model);
  }

  onProgress(part: ProgressPhase, done: number, total: number): void {
    for (const callback of this.#callbacks) callback.onProgress?.(part, done, total);
    if (part === 'preparing') this.emit({ type: 'preparing', done, total });
    else this.emit({ type: 'progress', part, epoch: this.epochs + 1, done, total });
  }

  async onEpochEnd(epoch: number, logs: Logs, model: Sequential): Promise<void> {
    for (const callback of this.#callbacks) await callback.onEpochEnd?.(epoch, logs, model);
    const record: EpochRecord = { ...logs, seconds: (performance.now() - this.#started) / 1000 };
    this.#records.push(record);
    await this.#save(model);
    this.emit({ type: 'epoch', epoch: this.epochs, record });
  }

  async onTrainEnd(model: Sequential): Promise<void> {
    for (const callback of this.#callbacks) await callback.onTrainEnd?.(model);
  }

  async #save(model: Sequential): Promise<void> {
    const ended = model.stopTraining || this.epochs === this.plan.epochs;
    const callbacks: CallbackState[] = [];
    for (const callback of this.#callbacks) callbacks.push((await callback.getState?.(model)) ?? { values: null });
    const run = { phases: [...this.before, this.phase()], ended };
    await saveCheckpoint(this.training.store, { model: await model.getState(), callbacks, run });
  }
}
