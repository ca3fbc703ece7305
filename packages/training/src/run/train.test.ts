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

/** The events of a training, or of its beginning, until `stop` says so. */
async function events(
  store: MemoryStore,
  { signal, stop = () => false }: { signal?: AbortSignal; stop?: (event: TrainEvent) => boolean } = {},
): Promise<TrainEvent[]> {
  const model = makeModel(recipe.layers, { seed: recipe.seed, inputShape: [28, 28, 1], classes: 10 });
  const told: TrainEvent[] = [];
  try {
    for await (const event of train({
      gpu,
      device: 'here',
      model,
      data,
      recipe,
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
    ...['phase', 'preparing', ...epoch, ...epoch, ...epoch, 'phaseEnd'],
    ...['phase', 'preparing', ...epoch, ...epoch, 'phaseEnd', 'done'],
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
  const before = recipe;
  recipe = await checkRecipe(named('kernels.json'), 'recipe');
  await expect(events(memoryStore())).rejects.toThrow('kernels.json: a callback of the recipe would write over');
  recipe = before;
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
});
