/**
 * Every optimizer and schedule against Keras's own, in float64 and on the device: testing/keras-optimizers.py wrote
 * what Keras makes of the same weights and gradients in eight steps. If these failed, weights would be trained by
 * another formula, or an option would mean something else.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { COUNTERS, Recorder, ReferenceExecutor, type Storage } from '@anke/kernels';
import { describe, expect, test } from 'vitest';
import { type LearningRateSchedule, type Optimizer, optimizers, SCHEDULE_TYPES, scheduledRate } from '../index.js';
import { useGpu } from '../testing/device.js';
import { memoryOf } from '../testing/reference-model.js';
import { OPTIMIZER_TYPES, type OptimizerMemory } from './optimizer.js';

interface Fixture {
  readonly steps: number;
  readonly optimizers: readonly {
    readonly options: { readonly type: keyof typeof optimizers; readonly useEma?: boolean };
    readonly weights: readonly number[];
    readonly final: readonly number[];
  }[];
  readonly rateSteps: readonly number[];
  readonly schedules: readonly { readonly options: LearningRateSchedule; readonly rates: readonly number[] }[];
}
const fixture: Fixture = JSON.parse(
  readFileSync(join(import.meta.dirname, '../testing/keras-optimizers.json'), 'utf8'),
);

const gpu = useGpu();

// As in keras-optimizers.py; in the flat buffers each begins at a multiple of 64.
const TRAINED = [
  { name: 'a/bias', offset: 0, length: 5 },
  { name: 'b/kernel', offset: 64, length: 66 },
  { name: 'b/gamma', offset: 192, length: 2 },
];
const LENGTH = 256;
const nameLength = (name: string): number => name.length - 2;

/** A flat buffer of values. */
const flat = (value: (i: number, name: string) => number): Float64Array => {
  const values = new Float64Array(LENGTH);
  for (const { name, offset, length } of TRAINED) for (let i = 0; i < length; i++) values[offset + i] = value(i, name);
  return values;
};
const START = flat((i, name) => Math.cos(i + nameLength(name)));
const gradientsOf = (step: number): Float64Array =>
  flat((i, name) => (Math.sin(3 * i + 7 * step + nameLength(name)) * (1 + (i % 3))) / 2);

/** The elements that Keras's weights are compared at. */
const picked = (values: ArrayLike<number>): number[] =>
  TRAINED.flatMap(({ offset, length }) => [...new Set([0, 1, length - 1])].map((i) => values[offset + i] as number));

const made = ({ type, ...options }: Fixture['optimizers'][number]['options']): Optimizer =>
  optimizers[type](options as never);

/** The memory of an optimizer, made by `storage`. */
function memoryWith(
  optimizer: Optimizer,
  storage: (name: string, length: number, values?: Float64Array | Uint32Array) => Storage,
): OptimizerMemory {
  const own = Object.entries(optimizer.state(LENGTH)).map(([name, length]) => [name, storage(name, length)] as const);
  const tables = Object.entries(optimizer.tables?.({ length: LENGTH, trained: TRAINED }) ?? {});
  return {
    length: LENGTH,
    trained: TRAINED,
    weights: storage('weights', LENGTH, START),
    gradients: storage('gradients', LENGTH),
    rate: storage('rate', 1, Float64Array.of(optimizer.learningRate)),
    counters: storage('counters', COUNTERS, new Uint32Array(COUNTERS)),
    state: Object.fromEntries([...own, ...tables.map(([name, v]) => [name, storage(name, v.length, v)] as const)]),
  };
}

/** After all steps: the weights, and those that the averages leave. */
function inFloat64(optimizer: Optimizer) {
  const executor = new ReferenceExecutor(gpu());
  const memory = memoryWith(optimizer, (name, length, values) => {
    const storage = memoryOf(name, length, values instanceof Uint32Array ? 'u32' : 'f32');
    if (values) executor.values(storage).set(values);
    return storage;
  });
  for (let step = 0; step < fixture.steps; step++) {
    executor.values(memory.gradients).set(gradientsOf(step));
    optimizer.update(executor, memory);
  }
  const { average } = memory.state;
  return { weights: executor.values(memory.weights), final: executor.values(average ?? memory.weights) };
}

async function onDevice(optimizer: Optimizer) {
  const storages: Storage[] = [];
  const memory = memoryWith(optimizer, (name, length, values) => {
    const storage = gpu().storage(name, length * 4, values instanceof Uint32Array ? 'u32' : 'f32');
    if (values) gpu().write(storage, values instanceof Float64Array ? Float32Array.from(values) : values);
    storages.push(storage);
    return storage;
  });
  const recorder = new Recorder(gpu());
  optimizer.update(recorder, memory);
  const recording = await recorder.finish();
  for (let step = 0; step < fixture.steps; step++) {
    gpu().write(memory.gradients, Float32Array.from(gradientsOf(step)));
    recording.submit();
  }
  const { average } = memory.state;
  const weights = await gpu().readFloats(memory.weights);
  const final = await gpu().readFloats(average ?? memory.weights);
  recording.destroy();
  for (const storage of storages) storage.destroy();
  return { weights, final };
}

function expectNear(got: readonly number[], wanted: readonly number[], bound: number): void {
  expect(got.length).toBe(wanted.length);
  got.forEach((value, i) => {
    expect(Math.abs(value - (wanted[i] as number)), `element ${i}: ${value} for ${wanted[i]}`).toBeLessThan(bound);
  });
}

describe('eight steps give the weights that Keras gives', () => {
  test.each(fixture.optimizers.map((entry) => [JSON.stringify(entry.options), entry] as const))(
    '%s',
    async (_, entry) => {
      const { options, weights, final } = entry;
      // Some 40 roundings a step, of numbers below 4; and Keras's π is a float32 in a schedule.
      const bound = (epsilon: number): number => fixture.steps * 40 * 4 * epsilon;
      const scheduled = JSON.stringify(options).includes('learningRate":{');
      const exact = inFloat64(made(options));
      expectNear(picked(exact.weights), weights, scheduled ? 2 ** -23 : bound(2 ** -53));
      expectNear(picked(exact.final), final, scheduled ? 2 ** -23 : bound(2 ** -53));
      const device = await onDevice(made(options));
      expectNear(picked(device.weights), weights, bound(2 ** -24));
      expectNear(picked(device.final), final, bound(2 ** -24));
      // Between the weights nothing has moved.
      expect(device.weights[5]).toBe(0);
      expect(device.weights[64 + 66]).toBe(0);
    },
  );
  test('all types are among them', () => {
    expect(new Set(fixture.optimizers.map(({ options }) => options.type))).toEqual(new Set(OPTIMIZER_TYPES));
  });
});

describe('a schedule gives the rates that Keras gives', () => {
  test.each(fixture.schedules.map((entry) => [JSON.stringify(entry.options), entry] as const))('%s', (_, entry) => {
    const { options, rates } = entry;
    // Keras computes with a float32's π.
    const bound = 2 ** -23 * 0.1;
    expectNear(
      fixture.rateSteps.map((step) => scheduledRate(options, step)),
      rates,
      bound,
    );
  });
  test('all types but one-cycle, which is no schedule of Keras’s, are among them', () => {
    const types = new Set<string>(fixture.schedules.map(({ options }) => options.type));
    expect([...types, 'oneCycle'].sort()).toEqual([...SCHEDULE_TYPES].sort());
  });
});

// By hand from torch/optim/lr_scheduler.py, OneCycleLR with two phases.
test('one-cycle gives the rates that PyTorch gives', () => {
  const [max, total, pct, div, final] = [0.4, 23, 0.35, 10, 100] as const;
  const schedule = {
    type: 'oneCycle',
    maxLearningRate: max,
    totalSteps: total,
    pctStart: pct,
    divFactor: div,
    finalDivFactor: final,
  } as const;
  const up = pct * total - 1;
  const anneal = (start: number, end: number, share: number): number =>
    end + ((start - end) / 2) * (Math.cos(Math.PI * share) + 1);
  for (let step = 0; step < total; step++) {
    const expected =
      step <= up ? anneal(max / div, max, step / up) : anneal(max, max / div / final, (step - up) / (total - 1 - up));
    expect(scheduledRate(schedule, step)).toBeCloseTo(expected, 12);
  }
  expect(scheduledRate(schedule, 1e6)).toBeCloseTo(max / div / final, 12);
});

test('restarts come at the steps that they must, whatever the sums of their lengths round to', () => {
  const options = { type: 'cosineDecayRestarts', initialLearningRate: 1, firstDecaySteps: 100, tMul: 1.1 } as const;
  // 100 + 110 = 210, though 100 · 1.1 is 110.00000000000001.
  expect(scheduledRate(options, 209)).toBeLessThan(0.001);
  expect(scheduledRate(options, 210)).toBe(1);
});

describe('an option that makes no sense is refused in one line', () => {
  const schedule = (options: object) => () => scheduledRate(options as LearningRateSchedule, 0);
  const steps = { initialLearningRate: 0.1, decaySteps: 10 };
  test.each<readonly [make: () => unknown, message: string]>([
    [
      () => optimizers.Adam({ clipnorm: 1, clipvalue: 1 }),
      'only one of clipnorm, globalClipnorm, clipvalue may be given',
    ],
    [() => optimizers.Adam({ globalClipnorm: 0 }), 'globalClipnorm must be positive, not 0'],
    [() => optimizers.AdamW({ weightDecay: -1 }), 'weightDecay must be at least 0, not -1'],
    [() => optimizers.SGD({ excludeFromWeightDecay: ['bias'] }), 'excludeFromWeightDecay needs a weightDecay above 0'],
    [() => optimizers.Nadam({ emaMomentum: 0.9 }), 'emaMomentum needs useEma'],
    [() => optimizers.Nadam({ emaOverwriteFrequency: 5 }), 'emaOverwriteFrequency needs useEma'],
    [() => optimizers.Nadam({ useEma: true, emaMomentum: 1 }), 'emaMomentum must lie in 0 … 1'],
    [() => optimizers.Nadam({ useEma: true, emaOverwriteFrequency: 0.5 }), 'must be a positive whole number of steps'],
    [() => optimizers.RMSprop({ rho: 1 }), 'rho must lie in 0 … 1'],
    [schedule({ type: 'cosine' }), 'no schedule of the learning rate is called cosine: use cosineDecay'],
    [schedule({ type: 'cosineDecay', ...steps, decaySteps: 0 }), 'decaySteps must be a whole number from 1'],
    [schedule({ type: 'cosineDecay', ...steps, warmupSteps: 3 }), 'warmupSteps needs warmupTarget'],
    [schedule({ type: 'cosineDecay', ...steps, alpha: Number.NaN }), 'alpha must be at least 0'],
    [
      schedule({ type: 'cosineDecayRestarts', initialLearningRate: 1, firstDecaySteps: 9, tMul: 0.5 }),
      'tMul must be at least 1',
    ],
    [
      schedule({ type: 'cosineDecayRestarts', initialLearningRate: 1, firstDecaySteps: 1, tMul: 1.001 }),
      'tMul must be 1, or larger than 1.001: it makes more than 1024 restarts',
    ],
    [schedule({ type: 'exponentialDecay', ...steps, decayRate: 0 }), 'decayRate must be positive'],
    [schedule({ type: 'piecewiseConstantDecay', boundaries: [5], values: [1] }), '1 boundaries need 2 values, not 1'],
    [
      schedule({ type: 'piecewiseConstantDecay', boundaries: [5, 5], values: [1, 2, 3] }),
      'boundaries[1] must be a whole number from 6',
    ],
    [
      schedule({ type: 'oneCycle', maxLearningRate: 1, totalSteps: 10, pctStart: 0.1 }),
      'pctStart must let more than one',
    ],
  ])('%#', (make, message) => {
    expect(make).toThrow(message);
  });

  test('a whole name that no trained weight has', () => {
    const optimizer = optimizers.AdamW({ excludeFromWeightDecay: ['b/gama'] });
    expect(() => optimizer.check(TRAINED.map(({ name }) => name))).toThrow('names "b/gama", but no trained weight');
    expect(() => optimizers.AdamW({ excludeFromWeightDecay: ['b/gamma', 'bias'] }).check(['b/gamma'])).not.toThrow();
  });
});
