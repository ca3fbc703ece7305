/** If these failed, a training would tell wrong events, not end when it should, or change when the model is used. */
import { expect, test } from 'vitest';
import type { WeightValues } from '../engine/weights.js';
import { Adam } from '../optimizers/adam.js';
import { countBytes } from '../testing/counts.js';
import { useGpu } from '../testing/device.js';
import { smallModel, stripes } from '../testing/small-model.js';
import { EarlyStopping } from './early-stopping.js';
import type { FitEvent, FitOptions } from './fit.js';

const gpu = useGpu();

/** Trains a fresh model and returns what was told; `during` is called with each event. */
async function train(
  options: FitOptions,
  during: (event: FitEvent, model: ReturnType<typeof smallModel>) => void | Promise<void> = () => undefined,
): Promise<{ events: FitEvent[]; weights: Map<string, WeightValues>; losses: number[] }> {
  const model = smallModel();
  model.compile({ gpu: gpu(), optimizer: new Adam() });
  const events: FitEvent[] = [];
  for await (const event of model.fitEvents(stripes(64), { batchSize: 8, ...options })) {
    events.push(event);
    await during(event, model);
  }
  const weights = await model.getWeights();
  model.destroy();
  const losses = events.flatMap((event) => (event.type === 'epoch' ? [event.logs['loss'] as number] : []));
  return { events, weights, losses };
}

/** `training 64/64`, and the like. */
const told = (event: FitEvent): string => {
  switch (event.type) {
    case 'preparing':
    case 'memory':
      return event.type;
    case 'progress':
      return `${event.phase} ${event.epoch}`;
    case 'epoch':
      return `epoch ${event.epoch}`;
    case 'done':
      return `done, ${event.end}`;
  }
};

test('events come in order: preparing and memory, then progress and an epoch each, then done', async () => {
  const { events } = await train({ epochs: 2, validationData: stripes(20, 2) });
  const order = events.map(told).filter((words, i, all) => words !== all[i - 1]);
  expect(order).toEqual([
    ...['preparing', 'memory'],
    ...['training 0', 'validation 0', 'epoch 0'],
    ...['training 1', 'validation 1', 'epoch 1'],
    'done, complete',
  ]);
  const preparing = events.flatMap((event) => (event.type === 'preparing' ? [event] : []));
  expect(preparing[0]?.done).toBe(0);
  expect(preparing.at(-1)?.done).toBe(preparing.at(-1)?.total);
  for (const { total } of preparing) expect(total).toBe(preparing[0]?.total);
  const training = events.flatMap((event) => (event.type === 'progress' && event.phase === 'training' ? [event] : []));
  const ofFirst = training.flatMap(({ epoch, done }) => (epoch === 0 ? [done] : []));
  expect(ofFirst).toEqual(ofFirst.toSorted((a, b) => a - b));
  expect(ofFirst.at(-1)).toBe(64);
  const [epoch] = events.flatMap((event) => (event.type === 'epoch' ? [event] : []));
  expect(Object.keys(epoch?.logs ?? {})).toEqual(['loss', 'accuracy', 'learning_rate', 'val_loss', 'val_accuracy']);
  const last = events.at(-1);
  expect(last?.type === 'done' && last.history.epochs.length).toBe(2);
});

test('progress tells the means so far, of whole samples, up to those of the epoch', async () => {
  const { events } = await train({ epochs: 1, batchSize: 2, validationData: stripes(20, 2), submitMilliseconds: 1 });
  const [epoch] = events.flatMap((event) => (event.type === 'epoch' ? [event] : []));
  for (const [phase, prefix] of [
    ['training', ''],
    ['validation', 'val_'],
  ] as const) {
    const told = events.flatMap((event) => (event.type === 'progress' && event.phase === phase ? [event] : []));
    for (const { done, logs } of told) {
      expect(Object.keys(logs)).toEqual([`${prefix}loss`, `${prefix}accuracy`]);
      const right = done * (logs[`${prefix}accuracy`] as number);
      expect(Math.abs(right - Math.round(right))).toBeLessThan(1e-9 * done);
    }
    expect(epoch?.logs).toMatchObject(told.at(-1)?.logs ?? {});
  }
  const losses = events.flatMap((event) => (event.type === 'progress' ? [event.logs['loss']] : []));
  expect(new Set(losses).size).toBeGreaterThan(2);
});

test('the memory that is told is what the device gives', async () => {
  const bytes = countBytes(gpu());
  const told: (readonly [told: number, given: number])[] = [];
  let total = 0;
  await train({ epochs: 1, validationData: stripes(20, 2) }, (event) => {
    if (event.type === 'progress') told.push([total, bytes()]);
    if (event.type !== 'memory') return;
    const { total: all, ...parts } = event.bytes;
    total = all;
    expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBe(total);
    for (const part of Object.values(parts)) expect(part).toBeGreaterThan(0);
  });
  const [predicted, given] = told[0] ?? [0, 0];
  expect(given).toBeGreaterThanOrEqual(predicted);
  // Labels, orders, counters, sums and tables come to less than that.
  expect(given).toBeLessThan(predicted + 20_000);
});

test('a signal ends training after the present submit, and leaves a usable model', async () => {
  const aborter = new AbortController();
  const { events, weights } = await train(
    { epochs: 5, batchSize: 2, signal: aborter.signal, submitMilliseconds: 1 },
    (event) => {
      if (event.type === 'progress' && event.epoch === 1) aborter.abort();
    },
  );
  expect(told(events.at(-1) as FitEvent)).toBe('done, aborted');
  expect(events.filter(({ type }) => type === 'epoch').length).toBe(1);
  const samples = events.flatMap((event) => (event.type === 'progress' && event.epoch === 1 ? [event.done] : []));
  expect(samples.length).toBeLessThanOrEqual(2);
  for (const { values } of weights.values()) expect(values.every(Number.isFinite)).toBe(true);
});

test('a signal that was given before trains nothing', async () => {
  const { events } = await train({ epochs: 5, signal: AbortSignal.abort() });
  expect(events.map(told).filter((words) => words !== 'preparing' && words !== 'memory')).toEqual(['done, aborted']);
});

test('a callback ends training after the epoch, which callbacks see before the event is told', async () => {
  const order: string[] = [];
  const callback = {
    onEpochEnd: (epoch: number, _: unknown, control: { stopTraining: boolean }) => {
      order.push(`callback ${epoch}`);
      control.stopTraining = epoch === 1;
    },
  };
  const { events } = await train({ epochs: 5, callbacks: [callback] }, (event) => {
    if (event.type === 'epoch') order.push(told(event));
  });
  expect(order).toEqual(['callback 0', 'epoch 0', 'callback 1', 'epoch 1']);
  expect(told(events.at(-1) as FitEvent)).toBe('done, stopped');
});

test('the length of a submit changes no bit', async () => {
  const [long, short] = [await train({ epochs: 2 }), await train({ epochs: 2, submitMilliseconds: 0.001 })];
  expect(short.weights).toEqual(long.weights);
  await expect(train({ epochs: 1, submitMilliseconds: 0 })).rejects.toThrow(
    'submitMilliseconds must be a positive number, not 0',
  );
});

test('a model is trained once at a time', async () => {
  const model = smallModel();
  model.compile({ gpu: gpu(), optimizer: new Adam() });
  const first = model.fitEvents(stripes(16), { epochs: 2 });
  await first.next();
  await expect(model.fit(stripes(16), { epochs: 1 })).rejects.toThrow('the model is being trained already');
  expect(() => model.compile({ gpu: gpu(), optimizer: new Adam() })).toThrow(
    'cannot be compiled while it is trained or evaluated',
  );
  // A caller that stops taking events ends the training.
  await first.return(undefined);
  expect((await model.fit(stripes(16), { epochs: 1 })).epochs.length).toBe(1);
  model.destroy();
});

test('a destroyed model ends its training, evaluation and prediction, and the device stays usable', async () => {
  const bytes = countBytes(gpu());
  for (const last of ['preparing', 'training 0', 'validation 0', 'training 1']) {
    const model = smallModel();
    model.compile({ gpu: gpu(), optimizer: new Adam() });
    const callbacks = [new EarlyStopping({ restoreBestWeights: true })];
    const options = { epochs: 3, batchSize: 8, validationData: stripes(20, 2), callbacks };
    const seen: string[] = [];
    for await (const event of model.fitEvents(stripes(64), options)) {
      seen.push(told(event));
      if (told(event) === last) model.destroy();
    }
    expect(seen.at(-1)).toBe('done, aborted');
    expect(seen).not.toContain('epoch 1');
  }
  for (const what of ['evaluate', 'predict'] as const) {
    const model = smallModel();
    model.compile({ gpu: gpu(), optimizer: new Adam() });
    const result = model[what](stripes(60), { batchSize: 2, onProgress: () => model.destroy() });
    await expect(result).rejects.toThrow('the model was destroyed');
  }
  await gpu().finish();
  expect(bytes()).toBe(0);
  expect((await train({ epochs: 1 })).losses.length).toBe(1);
});

test('an aborted evaluation or prediction is rejected with the signal’s reason', async () => {
  const model = smallModel();
  model.compile({ gpu: gpu(), optimizer: new Adam() });
  const aborter = new AbortController();
  const options = { batchSize: 2, signal: aborter.signal, onProgress: () => aborter.abort(new Error('enough')) };
  await expect(model.predict(stripes(60), options)).rejects.toThrow('enough');
  await expect(model.evaluate(stripes(60), options)).rejects.toThrow('enough');
  model.destroy();
});
