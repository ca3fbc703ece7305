import { expect, test } from 'vitest';
import {
  Adam,
  BatchNormalization,
  type Callback,
  type CallbackState,
  Dense,
  Dropout,
  decodeCheckpoint,
  EarlyStopping,
  encodeCheckpoint,
  ReduceLROnPlateau,
  type Samples,
  Sequential,
  SGD,
} from '../index.js';
import { useGpu } from '../testing/device.js';

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
    async onEpochEnd(done, _, trained) {
      const run = { epoch: done + 1, stopped: trained.stopTraining };
      checkpoints.push(
        encodeCheckpoint({
          model: await trained.getState(),
          callbacks: [await stopping.getState(trained), plateau.getState()],
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
])('a training goes on from any epoch to the same bits: %s', async (_, optimizer) => {
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

test('what is no checkpoint, or another model’s, is refused', async () => {
  const { checkpoints } = await train(new Adam());
  const model = makeModel();
  model.compile({ gpu: gpu(), optimizer: new SGD({ momentum: 0.5 }) });
  const { model: state } = decodeCheckpoint(checkpoints[0] as Uint8Array);
  const fewer = new Map([...state.tensors].filter(([name]) => name !== 'moment0'));
  expect(() => model.setState({ ...state, tensors: fewer })).toThrow('the state\'s "moment0" has 0 numbers instead of');
  model.destroy();
  expect(() => decodeCheckpoint(new Uint8Array(4))).toThrow('not a safetensors file');
  const other = new Uint8Array(10);
  other.set([2, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d]);
  expect(() => decodeCheckpoint(other)).toThrow('this is no checkpoint of a training');
});
