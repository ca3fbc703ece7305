/**
 * A short training whose disk may lose its power at any moment. If this failed, such a run could not be resumed, would
 * end with another model, or would be called damaged.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { synthesize } from '@anke/data';
import { openAdapter } from '@anke/dawn';
import { digitOutlines } from '@anke/files';
import { decodeCheckpoint } from '@anke/nn';
import {
  CHECKPOINT_FILES,
  checkRecipe,
  makeModel,
  type ResolvedRecipe,
  SealedStore,
  WEIGHTS_FILE,
} from '@anke/training';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Device } from '../device.js';
import { explain } from '../errors.js';
import { readModel } from '../model-folder.js';
import { configOf, optionsOf, recipeOfRun } from '../resume.js';
import { folderStore } from '../run-files.js';
import { inRunFolder } from '../run-folder.js';
import { Terminal } from '../terminal.js';
import { type DiskState, recordDisk, statesAfter } from '../testing/disk-log.js';
import { watch } from './run.js';

const RECIPE = {
  batchSize: 20,
  layers: [{ type: 'Flatten' }, { type: 'Dense', units: 'classes', activation: 'softmax' }],
  phases: [
    { optimizer: { type: 'Adam' }, epochs: 3, callbacks: [{ type: 'CSVLogger' }, { type: 'ModelCheckpoint' }] },
    { optimizer: { type: 'SGD' }, epochs: 1 },
  ],
};
const { train: digits } = await synthesize(digitOutlines(), { train: 60, test: 10, seed: 1 });
const data = { training: digits.slice(0, 40), validation: digits.slice(40, 60), augmentation: undefined };
const terminal = new Terminal({ quiet: true });

let work = '';
let device: Device;
let recipe: ResolvedRecipe;
beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'anke power '));
  const report = await openAdapter(console.log);
  device = await Device.open(report, terminal);
  recipe = await checkRecipe(RECIPE, 'recipe');
});
afterAll(() => {
  device.gpu.destroy();
  rmSync(work, { recursive: true });
});

/** Trains in a folder of its own, or goes on with what is in it. */
async function trainIn(where: { readonly out: string } | { readonly resume: string }): Promise<void> {
  const config = configOf('train', {}, device);
  await inRunFolder(where, 'tiny', { config, recipe }, async (folder, store) => {
    const model = makeModel(recipe.layers, { seed: 1, inputShape: [28, 28, 1], classes: 10 });
    try {
      await watch({ terminal, device, folder, store, recipe, data, model }, new AbortController().signal);
    } finally {
      model.destroy();
    }
  });
}

/** A folder that holds what the disk holds. */
function restore(state: DiskState, before: string, name: string): string {
  const folder = join(work, name);
  mkdirSync(folder);
  for (const [path, bytes] of state) {
    const to = join(folder, relative(before, path));
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to, bytes);
  }
  return folder;
}

const keyOf = (state: DiskState): string =>
  [...state].map(([path, bytes]) => `${path} ${Buffer.from(bytes).toString('base64')}`).join('\n');

/** What a command's reader says of a folder: nothing, or one line. */
async function said(read: () => Promise<unknown>): Promise<string> {
  try {
    await read();
    return '';
  } catch (error) {
    const { message } = explain(error);
    expect(message).not.toContain('should not have happened');
    return message;
  }
}

test('whenever the power fails, a run can be resumed, and comes to the same end', async () => {
  const whole = join(work, 'whole');
  const log = recordDisk();
  await trainIn({ out: whole });
  vi.restoreAllMocks();
  const weights = readFileSync(join(whole, WEIGHTS_FILE));

  const states = new Map<string, { readonly state: DiskState; readonly kept: number }>();
  /** Checkpoints that were on the disk for certain when the log came so far. */
  let kept = 0;
  for (let cut = 0; cut <= log.length; cut++) {
    for (const state of statesAfter(log.slice(0, cut))) {
      const key = keyOf(state);
      if (!states.has(key)) states.set(key, { state, kept });
    }
    const next = log[cut];
    if (next?.type === 'sync' && next.path === join(whole, 'checkpoint') && log[cut - 1]?.type === 'rename') kept++;
  }
  expect(kept).toBe(4);
  expect(states.size).toBeGreaterThan(150);

  let i = 0;
  let resumed = 0;
  const untouched = new Set<number>();
  for (const { state, kept: least } of states.values()) {
    const folder = restore(state, whole, `state ${i++}`);
    // No file is called damaged; one that was just to be written for the first time may be missing.
    for (const { reason } of await new SealedStore(folderStore(folder)).damage()) expect(reason).toBe('it is missing');
    const epochs = CHECKPOINT_FILES.flatMap((file) => {
      const bytes = state.get(join(whole, file));
      return bytes ? [decodeCheckpoint(bytes).model.epochs] : [];
    });
    expect(Math.max(0, ...epochs)).toBeGreaterThanOrEqual(least);
    const nothing = await said(
      async () => void (await recipeOfRun((await optionsOf({ resume: folder }, 'train')).resume as string)),
    );
    if (nothing !== '') expect(nothing).toContain('there is no run in it to resume (config.json is missing)');
    expect(await said(() => readModel(folder))).toMatch(/^$|there is no model.* in it/);
    // To the end from some of each kind: all would take minutes.
    const kind = Math.max(0, ...epochs);
    if (nothing === '' && (!untouched.has(kind) || i % 25 === 0)) {
      untouched.add(kind);
      await trainIn({ resume: folder });
      expect(readFileSync(join(folder, WEIGHTS_FILE)).equals(weights)).toBe(true);
      expect(await new SealedStore(folderStore(folder)).damage()).toEqual([]);
      resumed++;
    }
    rmSync(folder, { recursive: true });
  }
  expect(resumed).toBeGreaterThan(8);
  console.log(`${log.length} operations, ${states.size} states, ${resumed} resumed`);
}, 300_000);
