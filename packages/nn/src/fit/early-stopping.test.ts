/** If these failed, training would stop too early or too late, or keep other weights than the best. */
import { expect, test } from 'vitest';
import type { CallbackState, TrainingControl } from './callback.js';
import { EarlyStopping, type EarlyStoppingOptions } from './early-stopping.js';

/** A training that is resumed. */
interface Earlier {
  readonly state: CallbackState;
  readonly epochs: number;
}

/** Feeds a series of losses; returns the callback, the epochs it let run and the epoch whose weights are restored. */
function watch(losses: readonly number[], options: EarlyStoppingOptions, name = 'val_loss', earlier?: Earlier) {
  const stopping = new EarlyStopping(options);
  if (earlier) stopping.setState(earlier.state);
  let epoch = earlier?.epochs ?? 0;
  let restored: number | undefined;
  const control: TrainingControl = {
    learningRate: 1,
    stopTraining: false,
    quantities: { [name]: name.endsWith('loss') ? 'min' : 'max' },
    snapshot: () => {
      let taken = epoch;
      return {
        take: () => {
          taken = epoch;
        },
        restore: () => {
          restored = taken;
        },
        read: async () => ({}),
        write: () => undefined,
        destroy: () => undefined,
      };
    },
    getWeights: () => Promise.reject(new Error('not used')),
    getState: () => Promise.reject(new Error('not used')),
  };
  stopping.onTrainBegin(control);
  for (const loss of losses) {
    if (control.stopTraining) break;
    stopping.onEpochEnd(epoch, { [name]: loss }, control);
    epoch++;
  }
  stopping.onTrainEnd();
  return { stopping, epochs: epoch, restored };
}

test('it waits as many epochs as patience says, then restores the best weights', () => {
  const { stopping, epochs, restored } = watch([5, 3, 4, 3, 3.5, 1], { patience: 3, restoreBestWeights: true });
  expect(epochs).toBe(5);
  expect(stopping.stoppedEpoch).toBe(4);
  expect(stopping.bestEpoch).toBe(1);
  expect(restored).toBe(1);
});

test('a training that had stopped and goes on is not stopped any more', async () => {
  const { stopping, epochs } = watch([5, 6], { patience: 1 });
  expect(stopping.stoppedEpoch).toBe(1);
  const resumed = async (losses: readonly number[]) =>
    watch(losses, { patience: 1 }, 'val_loss', { state: await stopping.getState(), epochs }).stopping;
  expect(await resumed([])).toMatchObject({ stoppedEpoch: 1, bestEpoch: 0 });
  expect(await resumed([4])).toMatchObject({ stoppedEpoch: undefined, bestEpoch: 2 });
});

test('gains of at most minDelta are none', () => {
  expect(watch([5, 4.95, 4.9, 4.85], { patience: 2, minDelta: 0.2 }).epochs).toBe(3);
  expect(watch([5, 4.5, 4, 3.5], { patience: 2, minDelta: 0.2 }).epochs).toBe(4);
});

test('with patience 0 it stops at the first epoch that is no better, but not at the very first', () => {
  expect(watch([Number.NaN, 4, 5, 1], { patience: 0 }).epochs).toBe(3);
});

test('accuracies are to grow, and a mode can be forced', () => {
  expect(watch([0.5, 0.6, 0.5, 0.7], { monitor: 'val_accuracy', patience: 1 }, 'val_accuracy').epochs).toBe(3);
  expect(watch([0.5, 0.6, 0.5], { monitor: 'val_accuracy', patience: 1, mode: 'min' }, 'val_accuracy').epochs).toBe(2);
});

test('weights are restored too where training ran to its end; without the option, never', () => {
  expect(watch([5, 3, 4], { patience: 9, restoreBestWeights: true }).restored).toBe(1);
  expect(watch([5, 3, 4], { patience: 9 }).restored).toBeUndefined();
});

test('a quantity that the logs lack is named', () => {
  expect(() => watch([1], { monitor: 'val_loss' }, 'loss')).toThrow(
    'EarlyStopping watches "val_loss", but the logs hold loss',
  );
});
