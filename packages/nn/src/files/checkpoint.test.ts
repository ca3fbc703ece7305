/** If these failed, a resumed training would end with other weights, or a damaged checkpoint would be accepted. */
import { expect, test } from 'vitest';
import type { Samples } from '../engine/device-data.js';
import type { Callback, CallbackState } from '../fit/callback.js';
import { EarlyStopping } from '../fit/early-stopping.js';
import { ReduceLROnPlateau } from '../fit/reduce-lr-on-plateau.js';
import { BatchNormalization } from '../layers/batch-normalization.js';
import { Dense } from '../layers/dense.js';
import { Dropout } from '../layers/dropout.js';
import { Sequential } from '../model.js';
import { Adam } from '../optimizers/adam.js';
import { SGD } from '../optimizers/sgd.js';
import { useGpu } from '../testing/device.js';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint.js';
import { encodeSafetensors } from './safetensors.js';

const gpu = useGpu();

const samples = (count: number): Samples => ({
  pixels: Uint8Array.from({ length: count * 16 }, (_, i) => (i * 37 + (i >> 4) * 11) % 256),
  labels: Uint8Array.from({ length: count }, (_, i) => i % 3),
  shape: [16],
  rescale: 1 / 255,
});
const makeModel = (): Sequential =>
  new Sequential(
    [
      new Dense({ units: 8, activation: 'relu', inputShape: [16] }),
      new BatchNormalization(),
      new Dropout({ rate: 0.25 }),
      new Dense({ units: 3, activation: 'softmax' }),
    ],
    { seed: 5 },
  );

const EPOCHS = 6;

/** Trains to the end; keeps a checkpoint of each epoch, and begins with one if it is given. */
async function train(optimizer: Adam | SGD, from?: Uint8Array) {
  const model = makeModel();
  model.compile({ gpu: gpu(), optimizer });
  const stopping = new EarlyStopping({ patience: 2, restoreBestWeights: true });
  const plateau = new ReduceLROnPlateau({ patience: 1, factor: 0.3, minDelta: 1 });
  const checkpoint = from && decodeCheckpoint(from);
  if (checkpoint) {
    model.setState(checkpoint.model);
    stopping.setState(checkpoint.callbacks[0] as CallbackState);
    plateau.setState(checkpoint.callbacks[1] as CallbackState);
  }
  const { epoch = 0, stopped = false } = (checkpoint?.run ?? {}) as { epoch?: number; stopped?: boolean };
  const checkpoints: Uint8Array[] = [];
  const keeper: Callback = {
    async onEpochEnd(done, _, control) {
      const run = { epoch: done + 1, stopped: control.stopTraining };
      checkpoints.push(
        encodeCheckpoint({
          model: await control.getState(),
          callbacks: [await stopping.getState(), plateau.getState()],
          run,
        }),
      );
    },
  };
  const options = { batchSize: 8, validationData: samples(12), callbacks: [stopping, plateau, keeper] };
  const history = await model.fit(samples(30), { ...options, initialEpoch: epoch, epochs: stopped ? epoch : EPOCHS });
  const weights = await model.getWeights();
  model.destroy();
  return { weights, checkpoints, bestEpoch: stopping.bestEpoch, history };
}

test.each([
  ['Adam', () => new Adam({ learningRate: 0.05 })],
  ['SGD with momentum', () => new SGD({ learningRate: 0.2, momentum: 0.9 })],
])('a training is resumed from any epoch to the same bits: %s', async (_, optimizer) => {
  const whole = await train(optimizer());
  expect(whole.checkpoints.length).toBeGreaterThan(1);
  // The rate falls on the way, twice at least.
  expect(new Set(whole.history.series('learning_rate')).size).toBeGreaterThan(2);
  for (const checkpoint of whole.checkpoints) {
    const rest = await train(optimizer(), checkpoint);
    expect(rest.weights).toEqual(whole.weights);
    expect(rest.bestEpoch).toBe(whole.bestEpoch);
  }
});

test('a checkpoint of another optimizer, or of another model, is refused', async () => {
  const { checkpoints } = await train(new Adam());
  const { model: state } = decodeCheckpoint(checkpoints[0] as Uint8Array);
  const model = makeModel();
  model.compile({ gpu: gpu(), optimizer: new SGD({ momentum: 0.5 }) });
  expect(() => model.setState(state)).toThrow('the state is of the optimizer Adam, but the model has SGD');
  model.compile({ gpu: gpu(), optimizer: new Adam() });
  const fewer = new Map([...state.tensors].filter(([name]) => name !== 'optimizer/m'));
  expect(() => model.setState({ ...state, tensors: fewer })).toThrow(
    'the state\'s "optimizer/m" has 0 numbers, but the model expects ',
  );
  model.destroy();
});

const withState = (state: string, version = '3'): Uint8Array =>
  encodeSafetensors(new Map(), { format: 'anke-checkpoint', version, state });

test.each([
  [new Uint8Array(4), 'not a safetensors file'],
  [encodeSafetensors(new Map()), 'this is no checkpoint of a training'],
  [withState('{}', '2'), 'this checkpoint has version "2"; version 3 can be read'],
  [withState('{nonsense'), 'its state is no JSON'],
  [withState('null'), 'it does not say how far the training was'],
  [withState('{"steps":-1,"epochs":0,"learningRate":1,"optimizer":"sgd","callbacks":[]}'), 'it does not say how far'],
  [
    withState('{"steps":1,"epochs":0,"learningRate":1,"optimizer":"sgd","callbacks":{}}'),
    'it has no list of callbacks',
  ],
])('bytes that are no checkpoint are refused: %#', (bytes, message) => {
  expect(() => decodeCheckpoint(bytes)).toThrow(message);
});
