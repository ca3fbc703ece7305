/**
 * A device that is lost at any call that a training makes of it. If these failed, a training would end, go on with
 * other numbers, or leave a promise that nobody waits for.
 */
import { adapterAgain, type DriverReport, openAdapter } from '@anke/dawn';
import { DeviceError, DeviceLostError, Gpu } from '@anke/kernels';
import { SGD } from '@anke/nn';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { checkRecipe } from '../recipe/check.js';
import { makeModel } from '../recipe/make.js';
import type { ResolvedRecipe } from '../recipe/schema.js';
import { samplesOf } from '../samples.js';
import { type MemoryStore, memoryStore } from '../store.js';
import { tinyData, tinyRecipe } from '../testing/tiny.js';
import { readCheckpoint } from './checkpoint.js';
import { CHOICES_FILE } from './choices.js';
import type { TrainEvent } from './events.js';
import { train } from './train.js';

const TINY = tinyRecipe(2);
const data = await tinyData();

let report: DriverReport;
let recipe: ResolvedRecipe;
const opened: Gpu[] = [];
const open = async (): Promise<Gpu> => {
  const gpu = await Gpu.open(await adapterAgain(report));
  opened.push(gpu);
  return gpu;
};
const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
beforeAll(async () => {
  report = await openAdapter(console.log);
  recipe = await checkRecipe(TINY, 'tiny');
});
beforeEach(() => process.on('unhandledRejection', onUnhandled));
afterEach(async () => {
  await new Promise((resolve) => setTimeout(resolve, 20));
  for (const gpu of opened.splice(0)) gpu.destroy();
  process.off('unhandledRejection', onUnhandled);
  expect(unhandled.splice(0)).toEqual([]);
});

const DEVICE_CALLS = [
  'createBuffer',
  'createShaderModule',
  'createComputePipelineAsync',
  'createBindGroup',
  'createCommandEncoder',
  'pushErrorScope',
  'popErrorScope',
] as const;

/** Calls `before` with the number of each call of the device, from 1, before it is made. */
function watch({ device }: Gpu, before: (call: number) => void): void {
  let calls = 0;
  const replace = (target: object, name: string): void => {
    const methods = target as Record<string, (...args: unknown[]) => unknown>;
    const method = methods[name] as (...args: unknown[]) => unknown;
    methods[name] = (...args) => {
      before(++calls);
      const result = method.apply(target, args);
      if (name === 'createBuffer') replace(result as object, 'mapAsync');
      return result;
    };
  };
  for (const name of DEVICE_CALLS) replace(device, name);
  for (const name of ['submit', 'writeBuffer', 'onSubmittedWorkDone']) replace(device.queue, name);
}

interface Options {
  readonly store?: MemoryStore;
  readonly reopen?: () => Promise<Gpu>;
  readonly seed?: number;
}

/** Trains on a device that was opened before, and returns what was told. */
async function events(gpu: Gpu, { store = memoryStore(), reopen = open, seed = recipe.seed }: Options = {}) {
  const inputShape = [28, 28, 1];
  const model = makeModel(recipe.layers, { seed, inputShape, classes: 10 });
  const told: TrainEvent[] = [];
  try {
    for await (const event of train({ gpu, device: 'here', model, data, recipe, store, reopen })) told.push(event);
  } finally {
    model.destroy();
  }
  return { store, told };
}

/** What is left of a training, without the times. */
const left = ({ files }: MemoryStore) => ({
  model: files.get('model.safetensors'),
  history: new TextDecoder().decode(files.get('history.csv')).replace(/,[^,]*$/gm, ''),
  log: files.get('adam.csv'),
});

const reopenings = (told: readonly TrainEvent[]) => told.filter(({ type }) => type === 'reopened');

/** What an undisturbed training leaves, and the calls that it makes. */
let whole: MemoryStore;
let calls = 0;
test('a training that is not disturbed makes many calls', async () => {
  const gpu = await open();
  watch(gpu, (call) => {
    calls = call;
  });
  whole = (await events(gpu)).store;
  expect(calls).toBeGreaterThan(100);
});

/** Epochs after which trainings went on. */
const epochs = new Set<number>();
test.each([
  ...Array.from({ length: 12 }, (_, i) => ({ when: 'at', share: (i + 0.5) / 12 })),
  ...Array.from({ length: 5 }, (_, i) => ({ when: 'just after', share: (i + 0.5) / 5 })),
])('lost $when the call at $share of all, it ends with the same bits', async ({ when, share }) => {
  const moment = 1 + Math.floor(share * calls);
  const gpu = await open();
  watch(gpu, (call) => {
    if (call !== moment) return;
    if (when === 'at') gpu.device.destroy();
    else setImmediate(() => gpu.device.destroy());
  });
  const { store, told } = await events(gpu);
  expect(reopenings(told)).toMatchObject([{ reason: 'device was destroyed' }]);
  for (const event of told) if (event.type === 'reopened') epochs.add(event.epoch);
  expect(left(store)).toEqual(left(whole));
});

test('losses were of all kinds: before the first checkpoint, and after others', () => {
  expect([...epochs].sort()).toEqual([0, 1, 2]);
});

test('a training on devices that are lost again and again ends after the third one that was opened anew', async () => {
  const store = memoryStore();
  // Each lives for one epoch, and is lost in the next.
  const shortLived = async (): Promise<Gpu> => {
    const gpu = await open();
    const { write } = store;
    let written = 0;
    store.write = async (name, bytes) => {
      await write(name, bytes);
      if (name.startsWith('checkpoint/') && ++written === 1) gpu.device.destroy();
    };
    return gpu;
  };
  const told: TrainEvent[] = [];
  const model = makeModel(recipe.layers, { seed: 1, inputShape: [28, 28, 1], classes: 10 });
  const run = async (): Promise<void> => {
    const training = { gpu: await shortLived(), device: 'here', model, data, recipe, store, reopen: shortLived };
    for await (const event of train(training)) told.push(event);
  };
  await expect(run()).rejects.toThrow(DeviceLostError);
  expect(reopenings(told).map((event) => 'epoch' in event && event.epoch)).toEqual([1, 2, 1]);
  expect((await readCheckpoint(store)).checkpoint?.model.epochs).toBe(4);
  model.destroy();
});

test('weights that were set before the training are set again', async () => {
  const model = makeModel(recipe.layers, { seed: 1, inputShape: [28, 28, 1], classes: 10 });
  const trained = async (lose: boolean) => {
    const store = memoryStore();
    const gpu = await open();
    model.compile({ gpu, optimizer: new SGD() });
    const weights = await model.getWeights();
    for (const { values } of weights.values()) values.fill(0.25);
    model.setWeights(weights);
    const { write } = store;
    store.write = async (name, bytes) => {
      if (lose && name === CHOICES_FILE) gpu.device.destroy();
      await write(name, bytes);
    };
    const training = { gpu, device: 'here', model, data, recipe, store, reopen: open };
    let reopened = 0;
    for await (const { type } of train(training)) if (type === 'reopened') reopened++;
    const { files } = store;
    model.destroy();
    return { reopened, model: files.get('model.safetensors') };
  };
  const [whole, lost] = [await trained(false), await trained(true)];
  expect(lost).toEqual({ reopened: 1, model: whole.model });
});

test.each(['evaluate', 'predict'] as const)(
  'a device that is lost while a model is to %s is said to be',
  async (what) => {
    const samples = samplesOf(data.validation);
    const ask = async (before: (call: number, gpu: Gpu) => void): Promise<unknown> => {
      const gpu = await open();
      watch(gpu, (call) => before(call, gpu));
      const model = makeModel(recipe.layers, { seed: 1, inputShape: [28, 28, 1], classes: 10 });
      model.compile({ gpu, optimizer: new SGD() });
      return await model[what](samples, { batchSize: 4 }).finally(() => model.destroy());
    };
    let calls = 0;
    await ask((call) => {
      calls = call;
    });
    for (let moment = 1; moment <= calls; moment += Math.ceil(calls / 8)) {
      const lost = ask((call, gpu) => {
        if (call === moment) gpu.device.destroy();
      });
      await expect(lost, `call ${moment} of ${calls}`).rejects.toThrow(DeviceLostError);
    }
  },
);

test('where no other device can be opened, the error says both', async () => {
  const gpu = await open();
  gpu.device.destroy();
  const reopen = (): Promise<Gpu> => Promise.reject(new Error('no adapter'));
  const failing = events(gpu, { reopen });
  await expect(failing).rejects.toThrow(DeviceError);
  await expect(failing).rejects.toThrow(
    'the GPU device was lost: device was destroyed; it could not be opened again: no adapter',
  );
});
