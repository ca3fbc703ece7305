/**
 * A recipe's training: phase after phase, each from the weights that the one before has left, as a stream of events.
 *
 * Its store then holds `data.json` and `model.json` from the beginning, `kernels.json` from the first step, a
 * checkpoint after each epoch, what the recipe's callbacks write, and in the end `model.safetensors` and `history.csv`.
 * A store that holds a checkpoint is resumed, to the same bits as if the run had not stopped. `SHA256SUMS` lists what
 * each of these files must be (`sealed-store.ts`).
 */
import { Use } from '@anke/nn';
import { makeOptimizer } from '../recipe/make.js';
import { samplesOf } from '../samples.js';
import { SealedStore } from '../sealed-store.js';
import { writeText } from '../store.js';
import { epochsOf, readCheckpoint } from './checkpoint.js';
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
  const { gpu, model, data, recipe } = training;
  const store = SealedStore.of(training.store);
  const { checkpoint, damage } = await readCheckpoint(store);
  await checkSameData(store, data.training);
  await saveDataFacts(store, data.training);
  await saveLayers(store, model);
  const samples = { training: samplesOf(data.training), validation: samplesOf(data.validation) };
  const earlier = checkpoint?.run.phases ?? [];
  const phases: Phase[] = earlier.slice(0, -1);
  let interrupted = false;
  let use: Use | undefined;
  if (checkpoint && damage) yield { type: 'damage', damage, epochs: epochsOf(checkpoint.run) };
  try {
    for (const plan of recipe.phases.slice(phases.length)) {
      model.compile({ gpu, optimizer: makeOptimizer(plan.optimizer), storage: recipe.storage });
      if (!use) {
        // The images stay on the device from the first phase to the last.
        use = new Use(model.session);
        use.data(samples.training, 'training');
        use.data(samples.validation, 'validation');
      }
      const resumed = phases.length === earlier.length - 1 ? checkpoint : undefined;
      yield { type: 'phase', plan, resumed: resumed !== undefined, epochs: resumed?.run.phases.at(-1)?.epochs ?? [] };
      const { phase, end } = yield* trainPhase(
        { ...training, store },
        { plan, samples, before: phases, checkpoint: resumed },
      );
      phases.push(phase);
      interrupted = end === 'aborted';
      if (interrupted) break;
    }
    await saveModel(store, model);
    await writeText(store, HISTORY_FILE, formatHistory(phases));
    yield { type: 'done', phases, interrupted };
  } finally {
    use?.release();
  }
}
