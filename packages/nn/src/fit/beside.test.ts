/**
 * What may be done with a model while it trains: each use either changes no bit of the training, or is refused. If
 * these failed, a page that predicts while its model learns would teach it something else.
 */
import type { Gpu } from '@anke/kernels';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ModelState, SessionTraining } from '../engine/session.js';
import type { WeightValues } from '../engine/weights.js';
import { Accuracy, TopKCategoricalAccuracy } from '../metrics/accuracy.js';
import { Precision } from '../metrics/precision.js';
import type { Sequential } from '../model.js';
import { Adam } from '../optimizers/adam.js';
import { Nadam } from '../optimizers/nadam.js';
import { useGpu } from '../testing/device.js';
import { smallModel, stripes } from '../testing/small-model.js';
import type { FitOptions } from './fit.js';

const gpu = useGpu();
const training = stripes(64);
const validationData = stripes(20, 2);
const images = stripes(7, 5);

/** A use of the model; a refusal is its rejection. */
type Use = (model: Sequential, before: Before) => unknown;

/** What the model held before it was trained. */
interface Before {
  readonly gpu: Gpu;
  readonly weights: ReadonlyMap<string, WeightValues>;
  readonly state: ModelState;
}

/** How a model is trained. */
interface Training {
  readonly compiled: () => SessionTraining;
  readonly fitted: Partial<FitOptions>;
}
const TRAININGS: Readonly<Record<string, Training>> = {
  'a training': { compiled: () => ({ optimizer: new Adam() }), fitted: {} },
  'one with all options': {
    compiled: () => ({
      optimizer: new Nadam({
        learningRate: { type: 'cosineDecay', initialLearningRate: 0.01, decaySteps: 25 },
        ...{ clipnorm: 0.5, weightDecay: 0.01, useEma: true, emaOverwriteFrequency: 7 },
      }),
      metrics: [new Accuracy(), new TopKCategoricalAccuracy({ k: 2 }), new Precision()],
    }),
    fitted: { stepsPerEpoch: 10, validationFreq: 2, classWeight: { 1: 2 } },
  },
};
const PLAIN = TRAININGS['a training'] as Training;

/** The bits of a training, during which `use` is made of the model again and again, without being waited for. */
async function trained(use: Use = () => undefined, { compiled, fitted }: Training = PLAIN) {
  const model = smallModel();
  model.compile({ gpu: gpu(), ...compiled() });
  const before = { gpu: gpu(), weights: await model.getWeights(), state: await model.getState() };
  const losses: unknown[] = [];
  const uses: Promise<unknown>[] = [];
  const options = { epochs: 3, batchSize: 4, validationData, submitMilliseconds: 0.001, ...fitted };
  for await (const event of model.fitEvents(training, options)) {
    if (event.type === 'epoch') losses.push(event.logs);
    if (event.type !== 'progress' && event.type !== 'preparing') continue;
    if (uses.length === 12) continue;
    const made = Promise.resolve().then(() => use(model, before));
    made.catch(() => undefined); // looked at below
    uses.push(made);
  }
  const results = await Promise.allSettled(uses);
  const weights = await model.getWeights();
  model.destroy();
  const refusals = results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []));
  return { bits: { losses, weights }, uses: uses.length, refusals };
}

/** What each training comes to by itself. */
const alone: Record<string, Awaited<ReturnType<typeof trained>>['bits']> = {};
beforeAll(async () => {
  for (const [name, how] of Object.entries(TRAININGS)) alone[name] = (await trained(undefined, how)).bits;
});

const BESIDE: Readonly<Record<string, Use>> = {
  'a prediction': (model) => model.predict(images),
  'a predictor that is kept': async (model) => (await model.session.predictor(2, images)).predict(images.pixels),
  'two predictions': (model) => Promise.all([model.predict(images), model.predict(training)]),
  'an evaluation of other samples': (model) => model.evaluate(images),
  'an evaluation of the training’s samples': (model) => model.evaluate(training, { batchSize: 4 }),
  'two evaluations of the validation’s samples': (model) =>
    Promise.all([model.evaluate(validationData), model.evaluate(validationData)]),
  'a prediction and an evaluation': (model) => Promise.all([model.predict(images), model.evaluate(images)]),
  'its weights read': (model) => model.getWeights(),
  'its state read': (model) => model.getState(),
  'a snapshot': async (model) => {
    const snapshot = model.session.weights.snapshot();
    await snapshot.read();
    snapshot.destroy();
  },
};

describe.each(Object.entries(TRAININGS))('beside %s', (name, how) => {
  test.each(Object.entries(BESIDE))('%s changes no bit', async (_, use) => {
    const { bits, uses, refusals } = await trained(use, how);
    expect(uses).toBe(12);
    expect(refusals).toEqual([]);
    expect(bits).toEqual(alone[name]);
  });
});

const REFUSED: Readonly<Record<string, readonly [use: Use, reason: string]>> = {
  'another training': [(model) => model.fit(training, { epochs: 1 }), 'the model is being trained already'],
  'compiling it': [
    (model, before) => model.compile({ gpu: before.gpu, optimizer: new Adam() }),
    'the model cannot be compiled while it is trained or evaluated',
  ],
  'setting its weights': [
    (model, { weights }) => model.setWeights(weights),
    'the model cannot be given other weights while it is trained or evaluated',
  ],
  'setting its state': [
    (model, { state }) => model.setState(state),
    'the model cannot be given another state while it is trained or evaluated',
  ],
};

test.each(Object.entries(REFUSED))('%s is refused, and changes no bit', async (_, [use, reason]) => {
  const { bits, uses, refusals } = await trained(use);
  expect(refusals).toEqual(Array.from({ length: uses }, () => `ModelError: ${reason}`));
  expect(bits).toEqual(alone['a training']);
});

test('an evaluation is not disturbed by others, by predictions, or by what it refuses', async () => {
  const model = smallModel();
  model.compile({ gpu: gpu(), optimizer: new Adam() });
  const weights = await model.getWeights();
  const expected = await model.evaluate(training, { batchSize: 4 });
  const uses = [model.evaluate(training, { batchSize: 4 }), model.evaluate(training, { batchSize: 4 })];
  const predictions = model.predict(images);
  expect(() => model.setWeights(weights)).toThrow('while it is trained or evaluated');
  expect(() => model.compile({ gpu: gpu(), optimizer: new Adam() })).toThrow('while it is trained or evaluated');
  expect(await Promise.all(uses)).toEqual([expected, expected]);
  expect(await predictions).toEqual(await model.predict(images));
  model.destroy();
});
