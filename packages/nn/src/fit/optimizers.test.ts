/**
 * Trainings whose optimizer follows a schedule, keeps averages, clips and decays. If these failed, weights would be
 * averaged at the wrong moments, rates would not be those of the steps, or a resumed training would go another way.
 */
import { expect, test } from 'vitest';
import { decodeCheckpoint, encodeCheckpoint } from '../files/checkpoint.js';
import { Adam } from '../optimizers/adam.js';
import { Nadam } from '../optimizers/nadam.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import { RMSprop } from '../optimizers/rmsprop.js';
import { type LearningRateSchedule, scheduledRate } from '../optimizers/schedules.js';
import { SGD } from '../optimizers/sgd.js';
import { useGpu } from '../testing/device.js';
import { smallModel, stripes } from '../testing/small-model.js';
import type { Callback } from './callback.js';
import { EarlyStopping } from './early-stopping.js';
import { LearningRateScheduler } from './learning-rate-scheduler.js';
import { ReduceLROnPlateau } from './reduce-lr-on-plateau.js';

const gpu = useGpu();
const DATA = stripes(22);
/** Six steps in an epoch: the last one has two samples. */
const OPTIONS = { batchSize: 4 } as const;
const STEPS = 6;

function compiled(optimizer: Optimizer) {
  const model = smallModel();
  model.compile({ gpu: gpu(), optimizer });
  return model;
}
type Trained = ReturnType<typeof compiled>;

const bits = (model: Trained) => gpu().readFloats(model.session.memory.weights);
const averages = (model: Trained) => gpu().readFloats(model.session.training.buffers['average'] as never);

const warmed: LearningRateSchedule = {
  type: 'cosineDecay',
  initialLearningRate: 0,
  decaySteps: 15,
  warmupTarget: 0.02,
  warmupSteps: 4,
};

test('the rate that is told is that of the epoch’s last step, and the next epoch goes on from there', async () => {
  const model = compiled(new RMSprop({ learningRate: warmed }));
  const first = await model.fit(DATA, { ...OPTIONS, epochs: 2 });
  const more = await model.fit(DATA, { ...OPTIONS, epochs: 2 });
  const rates = [...first.epochs, ...more.epochs].map((logs) => logs['learning_rate'] as number);
  expect(rates.length).toBe(4);
  rates.forEach((rate, epoch) => {
    // The schedule's terms, and WGSL's allowances.
    expect(Math.abs(rate - scheduledRate(warmed, (epoch + 1) * STEPS - 1))).toBeLessThan(0.02 * 24 * 2 ** -23);
  });
  expect(rates[3]).toBe(0);
  // Another compilation begins anew.
  model.compile({ gpu: gpu(), optimizer: new RMSprop({ learningRate: warmed }) });
  const again = await model.fit(DATA, { ...OPTIONS, epochs: 1 });
  expect(again.epochs[0]?.['learning_rate']).toBe(rates[0]);
  model.destroy();
});

test.each<[string, Callback]>([
  ['LearningRateScheduler', new LearningRateScheduler({ schedule: () => 0.1 })],
  ['ReduceLROnPlateau', new ReduceLROnPlateau({ monitor: 'loss' })],
])('%s is refused beside a schedule, before the first epoch', async (_, callback) => {
  const model = compiled(new SGD({ learningRate: warmed }));
  const before = await bits(model);
  await expect(model.fit(DATA, { ...OPTIONS, epochs: 1, callbacks: [callback] })).rejects.toThrow(
    'the learning rate follows a schedule (cosineDecay) and cannot be set: give the optimizer a number',
  );
  expect(await bits(model)).toEqual(before);
  model.destroy();
});

test('averages take the weights’ place when a training has ended, and not before', async () => {
  const model = compiled(new SGD({ learningRate: 0.1, useEma: true, emaMomentum: 0.9 }));
  const seen: Float32Array[] = [];
  const keep: Callback = {
    onEpochEnd: async () => void seen.push(await bits(model)),
  };
  await model.fit(DATA, { ...OPTIONS, epochs: 2, callbacks: [keep] });
  const plain = compiled(new SGD({ learningRate: 0.1 }));
  await plain.fit(DATA, { ...OPTIONS, epochs: 2 });
  // They do not change the training itself.
  expect(seen[1]).toEqual(await bits(plain));
  expect(await bits(model)).toEqual(await averages(model));
  expect(await bits(model)).not.toEqual(seen[1]);
  // With no step done, there is no average.
  const fresh = compiled(new SGD({ useEma: true }));
  const before = await bits(fresh);
  await fresh.fit(DATA, { ...OPTIONS, epochs: 0 });
  expect(await bits(fresh)).toEqual(before);
  for (const each of [model, plain, fresh]) each.destroy();
});

test('an aborted training keeps its weights, and best weights come back in place of averages', async () => {
  const aborted = compiled(new SGD({ learningRate: 0.1, useEma: true }));
  const abort = new AbortController();
  const end: Callback = { onEpochEnd: () => abort.abort() };
  await aborted.fit(DATA, { ...OPTIONS, epochs: 2, callbacks: [end], signal: abort.signal });
  expect(await bits(aborted)).not.toEqual(await averages(aborted));
  const stopped = compiled(new SGD({ learningRate: 0.1, useEma: true }));
  let best: Float32Array = new Float32Array();
  const keep: Callback = {
    onEpochEnd: async (epoch) => {
      if (epoch === 0) best = await bits(stopped);
    },
  };
  const stopping = new EarlyStopping({ monitor: 'loss', mode: 'max', patience: 9, restoreBestWeights: true });
  await stopped.fit(DATA, { ...OPTIONS, epochs: 2, callbacks: [keep, stopping] });
  expect(await bits(stopped)).toEqual(best);
  for (const each of [aborted, stopped]) each.destroy();
});

test('averages take the weights’ place every so many steps', async () => {
  const model = compiled(new SGD({ learningRate: 0.1, useEma: true, emaOverwriteFrequency: STEPS }));
  const seen: Float32Array[] = [];
  const keep: Callback = {
    onEpochEnd: async () => void seen.push(await bits(model), await averages(model)),
  };
  await model.fit(DATA, { ...OPTIONS, epochs: 1, callbacks: [keep] });
  expect(seen[0]).toEqual(seen[1]);
  model.destroy();
});

test.each<[string, () => Optimizer]>([
  ['Adam with amsgrad', () => new Adam({ learningRate: 0.01, amsgrad: true, beta2: 0.5 })],
  [
    'Nadam',
    () => new Nadam({ learningRate: warmed, clipnorm: 0.1, weightDecay: 0.1, useEma: true, emaOverwriteFrequency: 4 }),
  ],
  [
    'RMSprop',
    () => new RMSprop({ learningRate: warmed, globalClipnorm: 0.1, centered: true, momentum: 0.5, useEma: true }),
  ],
])('a training that is resumed from a checkpoint gives the same bits: %s', async (_, make) => {
  const whole = compiled(make());
  const { epochs } = await whole.fit(DATA, { ...OPTIONS, epochs: 3 });
  const begun = compiled(make());
  let checkpoint: Uint8Array = new Uint8Array();
  const save: Callback = {
    onEpochEnd: async (_epoch, _logs, control) => {
      checkpoint = encodeCheckpoint({ model: await control.getState(), callbacks: [], run: null });
    },
  };
  await begun.fit(DATA, { ...OPTIONS, epochs: 1, callbacks: [save] });
  const resumed = compiled(make());
  resumed.setState(decodeCheckpoint(checkpoint).model);
  const rest = await resumed.fit(DATA, { ...OPTIONS, epochs: 3, initialEpoch: 1 });
  expect(rest.epochs).toEqual(epochs.slice(1));
  expect(await resumed.getWeights()).toEqual(await whole.getWeights());
  expect(await resumed.getState()).toEqual(await whole.getState());
  for (const model of [whole, begun, resumed]) model.destroy();
});
