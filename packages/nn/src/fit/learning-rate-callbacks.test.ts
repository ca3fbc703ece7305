/** If these failed, learning rates would not follow their schedule, or a diverged training would go on. */
import { expect, test } from 'vitest';
import type { Samples } from '../engine/device-data.js';
import { NonFiniteError } from '../errors.js';
import { Dense } from '../layers/dense.js';
import { Sequential } from '../model.js';
import { SGD } from '../optimizers/sgd.js';
import { useGpu } from '../testing/device.js';
import type { Callback, TrainingControl } from './callback.js';
import { LearningRateScheduler } from './learning-rate-scheduler.js';
import { ReduceLROnPlateau, type ReduceLROnPlateauOptions } from './reduce-lr-on-plateau.js';
import { TerminateOnNaN } from './terminate-on-nan.js';

const gpu = useGpu();

/** The rates of the epochs after each of these losses. */
function rates(losses: readonly number[], options: ReduceLROnPlateauOptions, name = 'val_loss'): number[] {
  const callback = new ReduceLROnPlateau(options);
  const quantities = { [name]: name.endsWith('loss') ? 'min' : 'max' };
  const control = { learningRate: 1, quantities } as unknown as TrainingControl;
  callback.onTrainBegin(control);
  return losses.map((loss, epoch) => {
    callback.onEpochEnd(epoch, { [name]: loss }, control);
    return control.learningRate;
  });
}

// By hand from keras/src/callbacks/reduce_lr_on_plateau.py.
test('the rate falls after patience epochs without a gain', () => {
  expect(rates([5, 4, 4, 4, 4, 3, 3, 3], { factor: 0.5, patience: 2 })).toEqual([1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25]);
  expect(rates([5, 5, 5, 5, 5], { factor: 0.5, patience: 1, minLearningRate: 0.3 })).toEqual([1, 0.5, 0.3, 0.3, 0.3]);
  expect(rates([5, 5, 5, 5, 5, 5], { factor: 0.5, patience: 1, cooldown: 2 })).toEqual([
    1, 0.5, 0.5, 0.25, 0.25, 0.125,
  ]);
  expect(rates([5, 4.99, 4.98, 4.97], { factor: 0.5, patience: 2, minDelta: 0.5 })).toEqual([1, 1, 0.5, 0.5]);
  expect(rates([0.5, 0.6, 0.6], { factor: 0.5, patience: 1, monitor: 'val_accuracy' }, 'val_accuracy')).toEqual([
    1, 1, 0.5,
  ]);
});

test('the error names an option that makes no sense', () => {
  expect(() => new ReduceLROnPlateau({ factor: 1 })).toThrow('the factor must lie between 0 and 1, not 1');
  expect(() => rates([1], {}, 'loss')).toThrow('ReduceLROnPlateau watches "val_loss", but the logs hold loss');
});

const samples: Samples = {
  pixels: Uint8Array.from({ length: 24 }, (_, i) => i * 10),
  labels: Uint8Array.of(0, 1, 0, 1, 0, 1),
  shape: [4],
};
const trained = async (learningRate: number, callbacks: readonly Callback[]) => {
  const model = new Sequential([new Dense({ units: 2, activation: 'softmax', inputShape: [4] })], { seed: 2 });
  model.compile({ gpu: gpu(), optimizer: new SGD({ learningRate }) });
  const history = await model.fit(samples, { epochs: 4, batchSize: 6, callbacks });
  const weights = await model.getWeights();
  const rate = model.session.training.learningRate;
  model.destroy();
  return { weights, rate, epochs: history.epochs.length };
};

test('a schedule sets the rate that the device uses', async () => {
  const still = await trained(0.5, [new LearningRateScheduler({ schedule: () => 1e-30 })]);
  const scheduled = await trained(0.5, [
    new LearningRateScheduler({ schedule: (epoch, rate) => (epoch === 0 ? rate : 1e-30) }),
  ]);
  const plain = await trained(0.5, []);
  expect(scheduled.weights).not.toEqual(still.weights);
  expect(scheduled.weights).not.toEqual(plain.weights);
  expect(scheduled.rate).toBeCloseTo(1e-30, 36);
  await expect(trained(0.5, [new LearningRateScheduler({ schedule: () => -1 })])).rejects.toThrow(
    'the learning rate must be a positive number, not -1',
  );
});

test('training ends when the loss is not a number, with or without the callback that says so', async () => {
  await expect(trained(1e38, [new TerminateOnNaN()])).rejects.toThrow(NonFiniteError);
  await expect(trained(1e38, [])).rejects.toThrow(NonFiniteError);
});
