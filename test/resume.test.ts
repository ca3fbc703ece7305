/** Runs that are killed or interrupted at any moment, and resumed: the same bits in the end, and nothing unreadable. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeCheckpoint, decodeWeights } from '@anke/nn';
import { Random } from '@anke/random';
import { afterAll, beforeAll, expect, test } from 'vitest';

const main = join(import.meta.dirname, '../apps/cli/dist/main.js');
const work = mkdtempSync(join(tmpdir(), 'anke resume '));
afterAll(() => rmSync(work, { recursive: true }));

interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>;
}

function start(...args: readonly string[]): Run {
  const child = spawn(process.execPath, [main, ...args], { cwd: work, env: { ...process.env, NO_COLOR: '1' } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
  const ended = new Promise<{ code: number | null; output: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, output })),
  );
  return { child, ended };
}

/** Every file of a run that is there must be whole; a killed run's drafts are hidden. */
function checkReadable(run: string): void {
  const path = (name: string): string => join(work, run, name);
  if (!existsSync(path('.'))) return;
  const readers: Record<string, (bytes: Buffer) => unknown> = {
    'checkpoint/even.safetensors': decodeCheckpoint,
    'checkpoint/odd.safetensors': decodeCheckpoint,
    'model.safetensors': decodeWeights,
    'recipe.json': (bytes) => JSON.parse(bytes.toString()),
    'config.json': (bytes) => JSON.parse(bytes.toString()),
    'data.json': (bytes) => JSON.parse(bytes.toString()),
    'kernels.json': (bytes) => JSON.parse(bytes.toString()),
    'model.json': (bytes) => JSON.parse(bytes.toString()),
  };
  for (const [name, read] of Object.entries(readers)) if (existsSync(path(name))) read(readFileSync(path(name)));
}

const TRAIN = ['notebook', '--recipe', 'resumed.json', '--data', 'digits', '--batch-size', '20', '--augment'];
/** The notebook, with callbacks that have something to remember. */
function writeRecipe(): void {
  const { status, stdout } = spawnSync(process.execPath, [main, 'recipe', 'notebook'], { encoding: 'utf8' });
  expect(status).toBe(0);
  const recipe = JSON.parse(stdout);
  const [adam, sgd] = recipe.phases;
  adam.epochs = 5;
  adam.callbacks.push({ type: 'ReduceLROnPlateau', patience: 1, minDelta: 0.5, factor: 0.7 }, { type: 'CSVLogger' });
  sgd.epochs = 4;
  sgd.callbacks.push({ type: 'LearningRateScheduler', schedule: { type: 'cosine', epochs: 4 } }, { type: 'CSVLogger' });
  writeFileSync(join(work, 'resumed.json'), JSON.stringify(recipe));
}
const weights = (run: string): string => readFileSync(join(work, run, 'model.safetensors')).toString('hex');
/** An undisturbed run's duration, to draw moments from. */
let milliseconds = 0;

beforeAll(async () => {
  const drawn = await start('synth', '--to', 'digits', '--train', '120', '--test', '20', '--seed', '3').ended;
  expect(drawn.code, drawn.output).toBe(0);
  writeRecipe();
  // The first run also tunes and compiles; the second tells how long a run takes.
  for (const out of ['whole', 'again']) {
    const started = performance.now();
    const { code, output } = await start(...TRAIN, '--out', out).ended;
    expect(code, output).toBe(0);
    milliseconds = performance.now() - started;
  }
  expect(weights('again')).toBe(weights('whole'));
});

test('killed at 20 random moments and resumed each time, a run ends with the same model', async () => {
  const random = new Random(7, 'moments');
  let run = start(...TRAIN, '--out', 'killed');
  let kills = 0;
  let finished = false;
  while (kills < 20) {
    // Later than the start-up for most, so that there is progress, but anywhere.
    await new Promise((resolve) => setTimeout(resolve, random.between(0.02, 0.7) * milliseconds));
    finished = run.child.exitCode !== null;
    run.child.kill('SIGKILL');
    await run.ended;
    kills++;
    checkReadable('killed');
    // Before there is a folder, there is nothing to resume; when all is done, it may be done again.
    const begun = existsSync(join(work, 'killed/config.json'));
    if (finished && existsSync(join(work, 'killed/submission.csv'))) {
      expect(weights('killed')).toBe(weights('whole'));
      rmSync(join(work, 'killed'), { recursive: true });
      run = start(...TRAIN, '--out', 'killed');
    } else {
      run = begun ? start('notebook', '--resume', 'killed') : start(...TRAIN, '--out', 'killed');
    }
  }
  const { code, output } = await run.ended;
  expect(code, output).toBe(0);
  expect(weights('killed')).toBe(weights('whole'));
  for (const file of ['submission.csv', 'data.json', 'adam.csv', 'sgd.csv', 'recipe.json']) {
    expect(readFileSync(join(work, 'killed', file)).equals(readFileSync(join(work, 'whole', file)))).toBe(true);
  }
  expect(readdirSync(join(work, 'killed')).filter((name) => name.startsWith('.'))).toEqual([]);
}, 600_000);

test('MobileNetV2, killed between its checkpoints and resumed, ends with the same model', async () => {
  const size = ['--recipe', 'mobilenetv2', '--image-size', '32', '--alpha', '0.05'];
  const short = ['--epochs', '2', '--limit', '100', '--batch-size', '20', '--no-tune'];
  const args = ['train', ...size, '--data', 'digits', ...short];
  const whole = await start(...args, '--out', 'deep').ended;
  expect(whole.code, whole.output).toBe(0);
  const run = start(...args, '--out', 'deep-killed');
  const isThere = (name: string): boolean => existsSync(join(work, 'deep-killed/checkpoint', name));
  while (!isThere('odd.safetensors') && run.child.exitCode === null)
    await new Promise((resolve) => setTimeout(resolve, 5));
  run.child.kill('SIGKILL');
  const { code, output } = await run.ended;
  expect(code, output).toBeNull();
  checkReadable('deep-killed');
  expect(existsSync(join(work, 'deep-killed/model.safetensors'))).toBe(false);
  const rest = await start('train', '--resume', 'deep-killed').ended;
  expect(rest.code, rest.output).toBe(0);
  expect(rest.output).toContain('resumed after epoch');
  expect(weights('deep-killed')).toBe(weights('deep'));
}, 1_800_000);

test('an interrupted run saves, says how to resume, and does so from another folder', async () => {
  const run = start(...TRAIN, '--out', 'stopped');
  while (!existsSync(join(work, 'stopped/checkpoint/odd.safetensors')))
    await new Promise((resolve) => setTimeout(resolve, 20));
  run.child.kill('SIGINT');
  const { code, output } = await run.ended;
  expect(code, output).toBe(130);
  expect(output).toContain('resume with: anke notebook --resume stopped');
  expect(existsSync(join(work, 'stopped/model.safetensors'))).toBe(true);
  const rest = await start('notebook', '--resume', join(work, 'stopped'), '--json').ended;
  expect(rest.code, rest.output).toBe(0);
  expect(rest.output).toContain('resumed after epoch');
  expect(weights('stopped')).toBe(weights('whole'));
});

test('what cannot be resumed says why', async () => {
  const refused = async (...args: string[]): Promise<string> => {
    const { code, output } = await start(...args).ended;
    expect(code, output).toBe(1);
    return output;
  };
  expect(await refused('train', '--resume', 'whole')).toContain(
    'this run was made by "anke notebook"; resume with: anke notebook --resume whole',
  );
  expect(await refused('train', '--resume', 'digits')).toContain(
    'digits: there is no run in it to resume (config.json is missing)',
  );
  const csv = join(work, 'digits/train.csv');
  writeFileSync(csv, readFileSync(csv, 'utf8').trimEnd().split('\n').slice(0, -10).join('\n'));
  expect(await refused('notebook', '--resume', 'again')).toContain(
    'again: this run has begun with other data than train.csv holds now',
  );
});
