/**
 * A recipe's training: phase after phase, each from the weights that the one before has left, as a stream of events.
 *
 * Its store then holds `data.json` and `model.json` from the beginning, `kernels.json` from the first step, a
 * checkpoint after each epoch, what the recipe's callbacks write, and in the end `model.safetensors` and `history.csv`.
 * A store that holds a checkpoint is resumed, to the same bits as if the run had not stopped. In the same way the
 * training goes on by itself on another device when the present one is lost. `SHA256SUMS` lists what each of these
 * files must be (`sealed-store.ts`).
 */
import { DeviceError, DeviceLostError, type Gpu } from '@anke/kernels';
import { type Model, NonFiniteError, sizeOf, Use, type WeightValues } from '@anke/nn';
import { checkPhases } from '../recipe/check-phases.js';
import { makeGoal, makeOptimizer } from '../recipe/make.js';
import { comparedSamplesOf } from '../samples.js';
import { SealedStore } from '../sealed-store.js';
import { type Store, writeText } from '../store.js';
import { epochsOf, type RunCheckpoint, readCheckpoint } from './checkpoint.js';
import type { Phase, TrainEvent } from './events.js';
import { keepDataFacts } from './facts.js';
import { formatHistory, HISTORY_FILE } from './history.js';
import { saveLayers, saveModel } from './model-files.js';
import { trainPhase } from './phase.js';
import type { Training } from './training.js';
import { warningOfPhase, warningsBefore } from './warnings.js';

/** A device that is lost more often than this is not worth another attempt. */
const MOST_REOPENINGS = 3;

/**
 * Trains, and ends with the event `done`. Where `reopen` is given, a lost device is replaced up to three times.
 *
 * @throws RecipeError before the first event if the model does not have what the recipe names
 * @throws RunError before the first event if the store holds a run of other data, or a checkpoint that cannot be read
 * @throws NonFiniteError if a value is NaN or infinite; the store then holds the model as it was before that epoch,
 *   if there was one before
 * @throws DeviceError if the device fails, and what the store throws; the checkpoint of the epoch before stays
 */
export async function* train(training: Training): AsyncGenerator<TrainEvent, void, void> {
  const { model, data, recipe } = training;
  checkPhases(recipe, model, data.training.classes);
  const store = SealedStore.of(training.store);
  const found = await readCheckpoint(store);
  let { checkpoint } = found;
  await keepDataFacts(store, data);
  await saveLayers(store, model);
  // Weights that the caller has set are on the device alone.
  const weights = model.isCompiled ? await model.getWeights() : undefined;
  for (const warning of warningsBefore(training)) yield { type: 'warning', warning };
  if (checkpoint && found.damage) yield { type: 'damage', damage: found.damage, epochs: epochsOf(checkpoint.run) };
  let { gpu } = training;
  for (let reopenings = 0; ; reopenings++) {
    try {
      return yield* trainFrom({ weights, checkpoint }, { ...training, gpu, store });
    } catch (error) {
      if (!(error instanceof DeviceLostError) || !training.reopen || reopenings === MOST_REOPENINGS) throw error;
      model.destroy();
      gpu = await reopened(training.reopen, error);
      ({ checkpoint } = await readCheckpoint(store));
      yield { type: 'reopened', reason: error.reason, epoch: checkpoint?.run.phases.at(-1)?.epochs.length ?? 0 };
    }
  }
}

/** @throws DeviceError that says both why the device was lost and why there is no other */
async function reopened(reopen: () => Promise<Gpu>, lost: DeviceLostError): Promise<Gpu> {
  try {
    return await reopen();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DeviceError(`${lost.message}; it could not be opened again: ${reason}`);
  }
}

/** What a training begins with. */
interface Start {
  /** What the caller has set; fresh ones if absent. */
  readonly weights: ReadonlyMap<string, WeightValues> | undefined;
  /** What was done before, if anything. */
  readonly checkpoint: RunCheckpoint | undefined;
}

/** Trains what is left to do. */
async function* trainFrom({ weights, checkpoint }: Start, training: Training): AsyncGenerator<TrainEvent, void, void> {
  const { gpu, model, data, recipe, store } = training;
  const goal = makeGoal(recipe);
  const compared = { loss: goal.loss, classes: data.training.classes, outputs: sizeOf(model.outputShape) };
  const samples = {
    training: comparedSamplesOf(data.training, compared),
    validation: comparedSamplesOf(data.validation, compared),
  };
  const earlier = checkpoint?.run.phases ?? [];
  const phases: Phase[] = earlier.slice(0, -1);
  let interrupted = false;
  let use: Use | undefined;
  try {
    for (const plan of recipe.phases.slice(phases.length)) {
      model.compile({ gpu, optimizer: makeOptimizer(plan.optimizer), ...goal, storage: recipe.storage });
      if (!use) {
        // The images stay on the device from the first phase to the last.
        if (weights) model.setWeights(weights);
        use = new Use(model.session);
        use.data(samples.training, 'training');
        use.data(samples.validation, 'validation');
      }
      const resumed = phases.length === earlier.length - 1 ? checkpoint : undefined;
      yield { type: 'phase', plan, resumed: resumed !== undefined, epochs: resumed?.run.phases.at(-1)?.epochs ?? [] };
      const { phase, end } = yield* trainPhase(training, { plan, samples, before: phases, checkpoint: resumed });
      phases.push(phase);
      const warning = warningOfPhase(phases, training);
      if (warning) yield { type: 'warning', warning };
      interrupted = end === 'aborted';
      if (interrupted) break;
    }
    await saveModel(store, model);
    await writeText(store, HISTORY_FILE, formatHistory(phases));
    yield { type: 'done', phases, interrupted };
  } catch (error) {
    if (error instanceof NonFiniteError) await saveLastGood(model, store);
    throw error;
  } finally {
    use?.release();
  }
}

/** Writes the model, which `fit` has put back, and the history up to then, if an epoch was done. */
async function saveLastGood(model: Model, store: Store): Promise<void> {
  const { checkpoint } = await readCheckpoint(store);
  if (!checkpoint) return;
  await saveModel(store, model);
  await writeText(store, HISTORY_FILE, formatHistory(checkpoint.run.phases));
}
