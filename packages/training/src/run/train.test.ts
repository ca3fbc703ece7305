/**
 * A training over a store in memory: its events, its files, and that it resumes to the same bits wherever it was ended.
 */
import { openAdapter } from '@anke/dawn';
import { Gpu } from '@anke/kernels';
import { decodeWeights } from '@anke/nn';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkRecipe } from '../recipe/check.js';
import { makeModel } from '../recipe/make.js';
import type { Recipe, ResolvedRecipe } from '../recipe/schema.js';
import { SUMS_FILE } from '../sealed-store.js';
import { type MemoryStore, memoryStore, readText } from '../store.js';
import { tinyData, tinyRecipe } from '../testing/tiny.js';
import { CHECKPOINT_FILES } from './checkpoint.js';
import type { TrainEvent } from './events.js';
import { parseHistory } from './history.js';
import { train } from './train.js';

const TINY = tinyRecipe(3);
const data = await tinyData();

let gpu: Gpu;
let recipe: ResolvedRecipe;
beforeAll(async () => {
  gpu = await Gpu.open((await openAdapter(console.log)).adapter);
  recipe = await checkRecipe(TINY, 'tiny');
});
afterAll(() => gpu.destroy());

interface Listening {
  readonly signal?: AbortSignal;
  readonly stop?: (event: TrainEvent) => boolean;
  /** The tiny recipe, if absent. */
  readonly of?: ResolvedRecipe;
}

/** The events of a training, or of its beginning, until `stop` says so. */
async function events(
  store: MemoryStore,
  { signal, stop = () => false, of = recipe }: Listening = {},
): Promise<TrainEvent[]> {
  const model = makeModel(of.layers, { seed: of.seed, inputShape: [28, 28, 1], classes: 10 });
  const told: TrainEvent[] = [];
  try {
    for await (const event of train({
      gpu,
      device: 'here',
      model,
      data,
      recipe: of,
      store,
      ...(signal ? { signal } : {}),
    })) {
      told.push(event);
      if (stop(event)) break;
    }
  } finally {
    model.destroy();
  }
  return told;
}

/** Names of events, what comes many times only once. */
const outline = (told: readonly TrainEvent[]): string[] =>
  told.map(({ type }) => type).filter((type, i, all) => type !== all[i - 1]);

const weights = ({ files }: MemoryStore) => [...decodeWeights(files.get('model.safetensors') as Uint8Array)];

/** What an undisturbed training leaves. */
const whole = memoryStore();

test('tells its phases and epochs in order, and leaves its files', async () => {
  const told = await events(whole);
  const epoch = ['progress', 'epoch'];
  expect(outline(told)).toEqual([
    ...['phase', 'preparing', 'memory', ...epoch, ...epoch, ...epoch, 'phaseEnd'],
    ...['phase', 'preparing', 'memory', ...epoch, ...epoch, 'phaseEnd', 'done'],
  ]);
  expect([...whole.files.keys()].sort()).toEqual([
    SUMS_FILE,
    'adam.csv',
    ...CHECKPOINT_FILES,
    'data.json',
    'history.csv',
    'kernels.json',
    'model.json',
    'model.safetensors',
  ]);
  const epochs = told.flatMap((event) => (event.type === 'epoch' ? [event.record] : []));
  const history = parseHistory((await readText(whole, 'history.csv')) as string);
  expect(history.map(({ phase, epoch }) => [phase, epoch])).toEqual([
    ['adam', 1],
    ['adam', 2],
    ['adam', 3],
    ['sgd', 1],
    ['sgd', 2],
  ]);
  expect(history.map(({ record }) => record['val_loss'])).toEqual(epochs.map((record) => record['val_loss']));
  expect(told.at(-1)).toMatchObject({ type: 'done', interrupted: false, phases: [{ bestEpoch: 3 }, { name: 'sgd' }] });
});

test.each([1, 3, 4])('ended by its signal after %i epochs, it is resumed to the same bits', async (last) => {
  const store = memoryStore();
  const controller = new AbortController();
  let epochs = 0;
  const told = await events(store, {
    signal: controller.signal,
    stop: ({ type }) => {
      if (type === 'epoch' && ++epochs === last) controller.abort();
      return false;
    },
  });
  expect(told.at(-1)).toMatchObject({ type: 'done', interrupted: true });
  expect(store.files.has('model.safetensors')).toBe(true);
  const rest = await events(store);
  expect(rest[0]).toMatchObject({ type: 'phase', resumed: true });
  expect(rest.at(-1)).toMatchObject({ type: 'done', interrupted: false });
  expect(weights(store)).toEqual(weights(whole));
});

test('left by its listener, it ends, and is resumed to the same bits', async () => {
  const store = memoryStore();
  let epochs = 0;
  await events(store, { stop: ({ type }) => type === 'epoch' && ++epochs === 2 });
  expect(store.files.has('model.safetensors')).toBe(false);
  await events(store);
  expect(weights(store)).toEqual(weights(whole));
});

test.each([
  ['odd', 4],
  ['even', 3],
])('where the %s checkpoint is damaged, it goes on from the other one, to the same bits', async (which, epochs) => {
  const store = memoryStore();
  let count = 0;
  await events(store, { stop: ({ type }) => type === 'epoch' && ++count === 4 });
  const file = `checkpoint/${which}.safetensors`;
  const bytes = (await store.read(file)) as Uint8Array;
  (bytes[bytes.length - 9] as number) ^= 4;
  await store.write(file, bytes);
  const rest = await events(store);
  expect(rest[0]).toMatchObject({ type: 'damage', epochs, damage: { file } });
  expect(rest.at(-1)).toMatchObject({ type: 'done' });
  expect(weights(store)).toEqual(weights(whole));
});

test('a callback may not write over a file of the run, nor outside it', async () => {
  const named = (filename: string): Recipe => ({
    ...TINY,
    phases: [{ optimizer: { type: 'Adam' }, epochs: 1, callbacks: [{ type: 'CSVLogger', filename }] }],
  });
  for (const filename of ['../recipe.json', '/etc/passwd', 'a/../../b', 'C:/b', 'a\\b'])
    await expect(checkRecipe(named(filename), 'recipe')).rejects.toThrow('must be a path in the run folder');
  const of = await checkRecipe(named('kernels.json'), 'recipe');
  await expect(events(memoryStore(), { of })).rejects.toThrow(
    'kernels.json: a callback of the recipe would write over',
  );
});

/** The tiny recipe, with a last phase of so many epochs. */
const lastOf = (epochs: number, callbacks: Recipe['phases'][number]['callbacks'] = []): Promise<ResolvedRecipe> => {
  const optimizer = { type: 'SGD', momentum: 0.9, useEma: true } as const;
  const phases = [...tinyRecipe(1).phases.slice(0, 1), { optimizer, epochs, callbacks }];
  return checkRecipe({ ...TINY, phases }, 'tiny');
};

/** The last phase's epochs among a training's events, by their numbers. */
const epochsOf = (told: readonly TrainEvent[]): number[] =>
  told.flatMap((event) => (event.type === 'epoch' ? [event.epoch] : []));

/** A history but for its times. */
const history = async (store: MemoryStore) =>
  parseHistory((await readText(store, 'history.csv')) as string).map(({ record: { seconds: _, ...logs }, ...row }) => ({
    ...row,
    logs,
  }));

test('asked for more epochs, a complete run comes to the bits of one that was asked for all at once', async () => {
  const atOnce = memoryStore();
  await events(atOnce, { of: await lastOf(3) });
  const store = memoryStore();
  await events(store, { of: await lastOf(1) });
  // The model is that of the averages, with which the phase ended; the training goes on from the weights.
  const once = weights(store);
  expect(epochsOf(await events(store, { of: await lastOf(1) }))).toEqual([]);
  expect(weights(store)).toEqual(once);
  expect(epochsOf(await events(store, { of: await lastOf(3) }))).toEqual([2, 3]);
  expect(weights(store)).toEqual(weights(atOnce));
  expect(await history(store)).toEqual(await history(atOnce));
});

test('a phase that was stopped early stays over, unless more epochs are asked for', async () => {
  // No gain is large enough: the first epoch is the best, and the second one the last.
  const callbacks = [{ type: 'EarlyStopping' as const, patience: 1, minDelta: 1e9 }];
  const store = memoryStore();
  expect(epochsOf(await events(store, { of: await lastOf(4, callbacks) }))).toEqual([1, 1, 2]);
  const stopped = weights(store);
  const again = await events(store, { of: await lastOf(4, callbacks) });
  expect(epochsOf(again)).toEqual([]);
  expect(again.at(-1)).toMatchObject({ type: 'done', phases: [{}, { stoppedEarly: true, bestEpoch: 1 }] });
  expect(weights(store)).toEqual(stopped);
  const more = await events(store, { of: await lastOf(5, callbacks) });
  // It has waited already, so that another epoch without a gain is the last.
  expect(epochsOf(more)).toEqual([3]);
  expect(more.at(-1)).toMatchObject({ type: 'done', phases: [{}, { stoppedEarly: true, bestEpoch: 1 }] });
  expect(weights(store)).not.toEqual(stopped);
});

test('a recipe that names what its model does not have is refused before anything is written', async () => {
  const store = memoryStore();
  const of = await lastOf(1, [{ type: 'EarlyStopping', monitor: 'val_acc' }]);
  await expect(events(store, { of })).rejects.toThrow(
    'recipe: phases[1].callbacks[0]: EarlyStopping watches "val_acc"',
  );
  expect([...store.files.keys()]).toEqual([]);
});

test('what cannot be resumed says why', async () => {
  const store = memoryStore();
  await store.write(CHECKPOINT_FILES[1], Uint8Array.of(1, 2, 3));
  await expect(events(store)).rejects.toThrow('checkpoint/odd.safetensors: not a safetensors file');
  const former = memoryStore();
  await former.write('checkpoint/state.safetensors', Uint8Array.of(1, 2, 3));
  await expect(events(former)).rejects.toThrow('this checkpoint is of an earlier version of Anke');
  const other = memoryStore();
  const facts = JSON.parse((await readText(whole, 'data.json')) as string);
  await other.write('data.json', new TextEncoder().encode(JSON.stringify({ ...facts, images: 41 })));
  await expect(events(other)).rejects.toThrow('this run has begun with other data than');
  const validated = memoryStore();
  const moved = { ...facts, validation: { ...facts.validation, pixels: { ...facts.validation.pixels, mean: 1 } } };
  await validated.write('data.json', new TextEncoder().encode(JSON.stringify(moved)));
  await expect(events(validated)).rejects.toThrow('this run was validated on other images than');
});
