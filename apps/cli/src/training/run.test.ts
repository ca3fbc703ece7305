/** What is left of a training whose disk is full, or whose device is lost again and again, and what is said of it. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { synthesize } from '@anke/data';
import { openAdapter } from '@anke/dawn';
import { digitOutlines } from '@anke/files';
import { decodeCheckpoint } from '@anke/nn';
import { CHECKPOINT_FILES, checkRecipe, makeModel, type Store } from '@anke/training';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Device } from '../device.js';
import { explain } from '../errors.js';
import { folderStore } from '../run-files.js';
import { Terminal } from '../terminal.js';
import { watch } from './run.js';

let folder = '';
let device: Device;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'anke training '));
  device = await Device.open(await openAdapter(console.log), new Terminal({ quiet: true }));
});
afterEach(() => {
  device.gpu.destroy();
  rmSync(folder, { recursive: true });
});

/** Trains four epochs; `beforeCheckpoint` is called before each is written. */
async function trained(beforeCheckpoint: (epoch: number) => void, terminal: Terminal): Promise<void> {
  const recipe = await checkRecipe(
    {
      batchSize: 20,
      layers: [{ type: 'Flatten' }, { type: 'Dense', units: 'classes', activation: 'softmax' }],
      phases: [{ optimizer: { type: 'Adam' }, epochs: 4 }],
    },
    'recipe',
  );
  const { train } = await synthesize(digitOutlines(), { train: 60, test: 10, seed: 1 });
  const data = { training: train.slice(0, 40), validation: train.slice(40, 60), augmentation: undefined };
  const model = makeModel(recipe.layers, { seed: 1, inputShape: [28, 28, 1], classes: 10 });
  const inFolder = folderStore(folder);
  let epoch = 0;
  const store: Store = {
    read: inFolder.read,
    write: async (name, bytes) => {
      if (name.startsWith('checkpoint/')) beforeCheckpoint(++epoch);
      await inFolder.write(name, bytes);
    },
  };
  await watch({ terminal, device, folder, store, recipe, data, model }, new AbortController().signal);
}

/** What is said of a training that fails. */
async function failure(beforeCheckpoint: (epoch: number) => void): Promise<string> {
  try {
    await trained(beforeCheckpoint, new Terminal({ quiet: true }));
  } catch (error) {
    const { message, code } = explain(error);
    expect(code).toBe(1);
    return message;
  }
  throw new Error('the training did not fail');
}

const epochsKept = (): number =>
  Math.max(
    ...CHECKPOINT_FILES.map((file) => join(folder, file))
      .filter(existsSync)
      .map((path) => decodeCheckpoint(readFileSync(path)).model.epochs),
  );

test('a disk that fills up leaves the checkpoint of the epoch before, and says how to resume', async () => {
  const message = await failure((epoch) => {
    const path = join(folder, CHECKPOINT_FILES[1]);
    if (epoch === 3) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', path });
  });
  expect(message).toContain('odd.safetensors: the disk is full');
  expect(message).toContain(`the epochs so far are kept: resume with --resume ${folder}`);
  expect(message).not.toContain('\n');
  expect(epochsKept()).toBe(2);
});

test('a device that is lost is opened again, and the line that says so names the epoch', async () => {
  const terminal = new Terminal({ quiet: true });
  const said = vi.spyOn(terminal, 'say');
  const losses: Record<number, string> = {
    1: 'the GPU device was lost (device was destroyed); reopened, going on after epoch 1',
    3: 'the GPU device was lost (device was destroyed); reopened, going on after epoch 3',
  };
  await trained((epoch) => {
    if (epoch in losses) device.gpu.device.destroy();
  }, terminal);
  const lines = said.mock.calls.flat().filter((line) => line?.includes('lost'));
  expect(lines).toEqual(Object.values(losses));
  expect(epochsKept()).toBe(4);
});

test('a device that is lost four times leaves the last checkpoint, and says how to resume', async () => {
  const message = await failure(() => device.gpu.device.destroy());
  expect(message).toBe(
    'the GPU device was lost: device was destroyed; ' + `the epochs so far are kept: resume with --resume ${folder}`,
  );
  expect(epochsKept()).toBe(4);
});
