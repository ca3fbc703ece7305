/**
 * A recipe's training: phase after phase, each from the weights that the one before has left, as a stream of events.
 *
 * Its store then holds `data.json` and `model.json` from the beginning, `kernels.json` from the first step, a
 * checkpoint after each epoch, what the recipe's callbacks write, and in the end `model.safetensors` and `history.csv`.
 * A store that holds a checkpoint is resumed, to the same bits as if the run had not stopped.
 */
import { writeText } from '../store.js';
import { readCheckpoint } from './checkpoint.js';
import type { Phase, TrainEvent } from './events.js';
import { checkSameData, saveDataFacts } from './facts.js';
import { formatHistory, HISTORY_FILE } from './history.js';
import { saveLayers, saveModel } from './model-files.js';
import { trainPhase } from './phase.js';
import type { Training } from './training.js';

/**
 * Trains, and ends with the event `done`.
 *
 * @throws RunError before the first event if the store holds a run of other data, or a checkpoint that cannot be read
 * @throws DeviceError if the device fails, and what the store throws; the checkpoint of the epoch before stays
 */
export async function* train(training: Training): AsyncGenerator<TrainEvent, void, void> {
  const { model, data, recipe, store, signal } = training;
  const checkpoint = await readCheckpoint(store);
  await checkSameData(store, data.training);
  await saveDataFacts(store, data.training);
  await saveLayers(store, model);
  const earlier = checkpoint?.run.phases ?? [];
  const phases: Phase[] = earlier.slice(0, -1);
  const interrupt = (): void => {
    model.interrupted = true;
  };
  if (signal?.aborted) interrupt();
  signal?.addEventListener('abort', interrupt);
  try {
    for (const plan of recipe.phases.slice(phases.length)) {
      const resumed = phases.length === earlier.length - 1 ? checkpoint : undefined;
      yield { type: 'phase', plan, resumed: resumed !== undefined, epochs: resumed?.run.phases.at(-1)?.epochs ?? [] };
      phases.push(yield* trainPhase(training, plan, phases, resumed));
      if (model.interrupted) break;
    }
    const { interrupted } = model;
    await saveModel(store, model);
    await writeText(store, HISTORY_FILE, formatHistory(phases));
    yield { type: 'done', phases, interrupted };
  } finally {
    signal?.removeEventListener('abort', interrupt);
    // The model may be asked and trained further.
    model.interrupted = false;
  }
}
