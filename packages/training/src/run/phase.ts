/** One phase of a training: an optimizer with its epochs and callbacks, and a checkpoint after each epoch. */
import {
  type Callback,
  type CallbackState,
  EarlyStopping,
  type FitEnd,
  type Logs,
  type Samples,
  type TrainingControl,
} from '@anke/nn';
import { classWeightOf, makeCallbacks } from '../recipe/make.js';
import type { RecipePhase } from '../recipe/schema.js';
import { isOver, type RunCheckpoint, saveCheckpoint } from './checkpoint.js';
import { saveChoices } from './choices.js';
import type { EpochRecord, Phase, TrainEvent } from './events.js';
import { withoutOwnFiles } from './own-files.js';
import type { Training } from './training.js';
import { warningOfEpoch } from './warnings.js';

/** A phase of a training, before it begins. */
export interface PhaseStart {
  readonly plan: RecipePhase;
  readonly samples: { readonly training: Samples; readonly validation: Samples };
  /** What the phases before it came to. */
  readonly before: readonly Phase[];
  /** Of this phase, if it is resumed. */
  readonly checkpoint: RunCheckpoint | undefined;
}

/** Trains a phase with the model's optimizer to its end, or until the signal ends it. */
export async function* trainPhase(
  training: Training,
  { plan, samples, before, checkpoint }: PhaseStart,
): AsyncGenerator<TrainEvent, { readonly phase: Phase; readonly end: FitEnd }, void> {
  const { model, data, recipe, signal, submitMilliseconds } = training;
  const run = new PhaseRun(training, plan, before);
  if (checkpoint) {
    model.setState(checkpoint.model);
    run.resume(checkpoint);
  }
  const initialEpoch = run.epochs;
  const events = model.fitEvents(samples.training, {
    initialEpoch,
    epochs: checkpoint && isOver(checkpoint.run, plan.epochs) ? initialEpoch : plan.epochs,
    batchSize: recipe.batchSize,
    stepsPerEpoch: recipe.stepsPerEpoch,
    classWeight: classWeightOf(recipe, data.training),
    validationData: samples.validation,
    validationFreq: recipe.validationFreq,
    augmentation: data.augmentation,
    callbacks: [run],
    signal,
    ...(submitMilliseconds === undefined ? {} : { submitMilliseconds }),
  });
  let end: FitEnd = 'complete';
  for await (const event of events) {
    if (event.type === 'preparing' || event.type === 'memory') yield event;
    else if (event.type === 'progress') {
      const { phase: part, epoch, done, total, logs } = event;
      yield { type: 'progress', part, epoch: epoch + 1, done, total, logs };
    } else if (event.type === 'epoch') {
      const { clamped } = event;
      yield { type: 'epoch', epoch: run.epochs, record: run.records.at(-1) as EpochRecord, clamped };
      const warning = warningOfEpoch(run.records, training);
      if (warning) yield { type: 'warning', warning };
    } else end = event.end;
  }
  const phase = run.phase();
  yield { type: 'phaseEnd', plan, result: phase };
  return { phase, end };
}

/**
 * The recipe's callbacks, and what a run does besides, as one callback, because the order matters: first the recipe's
 * callbacks run, and only then the epoch is measured, recorded and kept.
 */
class PhaseRun implements Callback {
  readonly #callbacks: readonly Callback[];
  records: readonly EpochRecord[] = [];
  #started = 0;

  constructor(
    readonly training: Training,
    readonly plan: RecipePhase,
    readonly before: readonly Phase[],
  ) {
    this.#callbacks = makeCallbacks(plan, withoutOwnFiles(training.store));
  }

  /** Epochs that are done. */
  get epochs(): number {
    return this.records.length;
  }

  /** What the phase has come to so far. */
  phase(): Phase {
    const stopping = this.#callbacks.find((callback) => callback instanceof EarlyStopping);
    return {
      name: this.plan.name ?? '',
      epochs: this.records,
      bestEpoch: stopping?.bestEpoch === undefined ? undefined : stopping.bestEpoch + 1,
      stoppedEarly: stopping?.stoppedEpoch !== undefined,
    };
  }

  resume({ callbacks, run }: RunCheckpoint): void {
    this.records = run.phases.at(-1)?.epochs ?? [];
    callbacks.forEach((state, i) => void this.#callbacks[i]?.setState?.(state));
  }

  async onTrainBegin(control: TrainingControl): Promise<void> {
    for (const callback of this.#callbacks) await callback.onTrainBegin?.(control);
    const { gpu, device, store } = this.training;
    await saveChoices(store, { device, choices: gpu.tuner.used });
  }

  async onEpochBegin(epoch: number, control: TrainingControl): Promise<void> {
    this.#started = performance.now();
    for (const callback of this.#callbacks) await callback.onEpochBegin?.(epoch, control);
  }

  async onEpochEnd(epoch: number, logs: Logs, control: TrainingControl): Promise<void> {
    for (const callback of this.#callbacks) await callback.onEpochEnd?.(epoch, logs, control);
    this.records = [...this.records, { ...logs, seconds: (performance.now() - this.#started) / 1000 }];
    await this.#save(control);
  }

  async onTrainEnd(control: TrainingControl): Promise<void> {
    for (const callback of this.#callbacks) await callback.onTrainEnd?.(control);
  }

  async #save(control: TrainingControl): Promise<void> {
    const ended = control.stopTraining || this.epochs === this.plan.epochs;
    const callbacks: CallbackState[] = [];
    for (const callback of this.#callbacks) callbacks.push((await callback.getState?.()) ?? { values: null });
    const run = { phases: [...this.before, this.phase()], ended, planned: this.plan.epochs };
    await saveCheckpoint(this.training.store, { model: await control.getState(), callbacks, run });
  }
}
