/** What is left of a training whose disk is full, or whose device is lost. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { synthesize } from '@anke/data';
import { openAdapter } from '@anke/dawn';
import { digitOutlines } from '@anke/files';
import { Gpu } from '@anke/kernels';
import { type Callback, decodeCheckpoint } from '@anke/nn';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Device } from './device.js';
import { explain } from './errors.js';
import { checkRecipe } from './recipe/load.js';
import { makeModel } from './recipe/make.js';
import { Terminal } from './terminal.js';
import { type TrainingData, trainPhases } from './training.js';

/** Called before a file is written; may throw what the system would. */
let beforeWriting: (path: string) => void = () => undefined;
vi.mock('node:fs', async (original) => {
  const real = await original<typeof import('node:fs')>();
  const writeFileSync: typeof real.writeFileSync = (path, ...rest) => {
    beforeWriting(String(path));
    real.writeFileSync(path, ...rest);
  };
  return { ...real, writeFileSync };
});
/** Called when an epoch is over, before its checkpoint is written. */
let onEpochEnd: (epoch: number) => void = () => undefined;
vi.mock('./recipe/make.js', async (original) => ({
  ...(await original<typeof import('./recipe/make.js')>()),
  makeCallbacks: (): Callback[] => [{ onEpochEnd: (epoch) => onEpochEnd(epoch) }],
}));

let folder = '';
let device: Device;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'anke training '));
  const report = await openAdapter(console.log);
  device = { gpu: await Gpu.open(report.adapter), report };
});
afterEach(() => {
  beforeWriting = () => undefined;
  onEpochEnd = () => undefined;
  device.gpu.destroy();
  rmSync(folder, { recursive: true });
});

const recipe = checkRecipe(
  {
    batchSize: 20,
    layers: [{ type: 'Flatten' }, { type: 'Dense', units: 'classes', activation: 'softmax' }],
    phases: [{ optimizer: { type: 'Adam' }, epochs: 4 }],
  },
  'recipe',
);

/** Trains four epochs, and returns what is said of the failure. */
async function failure(): Promise<string> {
  const { train } = synthesize(digitOutlines(), { train: 60, test: 10, seed: 1 });
  const data: TrainingData = { training: train.slice(0, 40), validation: train.slice(40, 60), augmentation: undefined };
  const model = makeModel(recipe.layers, { seed: 1, inputShape: [28, 28, 1], classes: 10 });
  try {
    await trainPhases(new Terminal({ quiet: true }), device, model, data, recipe, folder);
  } catch (error) {
    const { message, code } = explain(error);
    expect(code).toBe(1);
    return message;
  }
  throw new Error('the training did not fail');
}

const epochsKept = (): number =>
  decodeCheckpoint(readFileSync(join(folder, 'checkpoint/state.safetensors'))).model.epochs;

test('a disk that fills up leaves the checkpoint of the epoch before, and says how to go on', async () => {
  let checkpoints = 0;
  beforeWriting = (path) => {
    if (!path.includes('state.safetensors') || ++checkpoints < 3) return;
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', path });
  };
  const message = await failure();
  expect(message).toContain('state.safetensors: the disk is full');
  expect(message).toContain(`the epochs so far are kept: --resume ${folder} goes on with them`);
  expect(message).not.toContain('\n');
  expect(epochsKept()).toBe(2);
});

test('a device that is lost leaves the checkpoint of the epoch before, and says how to go on', async () => {
  onEpochEnd = (epoch) => {
    if (epoch === 1) device.gpu.device.destroy();
  };
  const message = await failure();
  expect(message).toMatch(/lost|destroyed/);
  expect(message).toContain(`the epochs so far are kept: --resume ${folder} goes on with them`);
  expect(message).not.toContain('\n');
  expect(epochsKept()).toBe(1);
});
