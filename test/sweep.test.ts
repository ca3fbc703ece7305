/**
 * `anke sweep`. If these failed, a sweep that was killed would come to another end than one that was not, a trial would
 * not be the run that its settings make, wrong sweeps would begin, or reports could not be read.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import { anke, read, root, work, written } from './command-line.js';

const RATE = 'phases.0.optimizer.learningRate';

beforeAll(() => {
  expect(anke(['synth', '--to', 'digits', '--train', '160', '--test', '20', '--seed', '3']).status).toBe(0);
  written('tiny.json', {
    batchSize: 16,
    layers: [
      { type: 'Conv2D', filters: 4, kernelSize: 3, strides: 2, activation: 'relu' },
      { type: 'Flatten' },
      { type: 'Dense', units: 'classes', activation: 'softmax' },
    ],
    phases: [{ optimizer: { type: 'SGD', learningRate: 0.01, momentum: 0.9 }, epochs: 2 }],
  });
});

const sweep = {
  recipe: 'tiny.json',
  data: 'digits',
  metric: 'val_loss',
  parameters: { [RATE]: { type: 'logUniform', low: 1e-4, high: 0.1 } },
  method: { type: 'halving' },
  budget: { trials: 3 },
};

interface Row {
  readonly trial: number;
  readonly run: string;
  readonly state: string;
  readonly values: Readonly<Record<string, number>>;
  readonly rungs: readonly { readonly epochs: number; readonly value: number }[];
}
const account = (folder: string): { readonly state: string; readonly trials: readonly Row[] } =>
  JSON.parse(read(join(folder, 'sweep.json')));
const bytes = (...path: string[]): Buffer => readFileSync(join(work, ...path));

const start = (...args: readonly string[]): ChildProcess =>
  spawn(process.execPath, [join(root, 'apps/cli/dist/main.js'), 'sweep', ...args], { cwd: work, stdio: 'ignore' });

/** Waits for something to happen while a sweep runs. */
async function until(what: () => boolean, process: ChildProcess): Promise<void> {
  while (!what()) {
    if (process.exitCode !== null) throw new Error('the sweep has ended before');
    await wait(20);
  }
}

/** The process that trains in a run folder, as its lock tells. */
function trainingIn(run: string): number | undefined {
  const locks = existsSync(run) ? readdirSync(run).filter((name) => name.startsWith('.lock-')) : [];
  return locks[0] === undefined ? undefined : Number(/^\.lock-(\d+)-/.exec(locks[0])?.[1]);
}

test('the worst stop early, and a trial is the run that its settings make', () => {
  written('lr.json', sweep);
  const { status, stdout, stderr } = anke(['sweep', 'lr.json', '--out', 'whole', '--workers', '2', '--json']);
  expect(status, stderr).toBe(0);
  const { trials } = account('whole');
  expect(trials.map(({ state }) => state)).toEqual(['finished', 'stopped', 'stopped']);
  const [best, ...others] = trials.map(({ rungs }) => rungs[0]?.value as number);
  expect(best).toBe(Math.min(best as number, ...others));
  expect(JSON.parse(stdout.trimEnd()).best).toEqual(trials[0]);
  // The best has learned in two steps what one training learns at once.
  const first = trials[0] as Row;
  const rate = `${RATE}=${first.values[RATE]}`;
  const straight = ['train', 'digits', '--recipe', 'tiny.json', '--set', rate, '--no-tune', '--out', 'straight', '-q'];
  expect(anke(straight).status).toBe(0);
  expect(bytes('whole', first.run, 'model.safetensors')).toEqual(bytes('straight', 'model.safetensors'));
});

test('killed, and its workers too, it comes to the same table and the same bits when it is resumed', async () => {
  const [first, , last] = account('whole').trials.toSorted((a, b) => a.trial - b.trial) as [Row, Row, Row];
  const hasRun = ({ run }: Row): boolean => existsSync(join(work, 'killed', run, 'results.json'));
  const whole = start('lr.json', '--out', 'killed');
  await until(() => hasRun(first), whole);
  const gone = once(whole, 'close');
  whole.kill('SIGKILL');
  await gone;
  const resumed = start('--resume', 'killed');
  const ended = once(resumed, 'close');
  const run = join(work, 'killed', last.run);
  await until(() => trainingIn(run) !== undefined, resumed);
  process.kill(trainingIn(run) as number, 'SIGKILL');
  const [code] = await ended;
  expect(code).toBe(0);
  expect(account('killed').trials).toEqual(account('whole').trials);
  for (const { run: one } of account('whole').trials)
    expect(bytes('killed', one, 'model.safetensors')).toEqual(bytes('whole', one, 'model.safetensors'));
});

test('a trial that is there already does not run again, and a sweep may be given more of them', () => {
  const before = readFileSync(join(work, 'whole/sweep.json'), 'utf8');
  const trained = statsOf('whole');
  written('more.json', { ...sweep, budget: { trials: 4 } });
  const { status, stderr } = anke(['sweep', 'more.json', '--resume', 'whole']);
  expect(status, stderr).toBe(0);
  expect(read('whole/sweep.json')).not.toBe(before);
  expect(account('whole').trials.length).toBe(4);
  for (const [run, history] of trained) expect(read(join('whole/trials', run, 'history.csv'))).toBe(history);
});

/** Histories, which tell the time of each epoch, by run. */
const statsOf = (folder: string): [string, string][] =>
  readdirSync(join(work, folder, 'trials')).map((run) => [run, read(join(folder, 'trials', run, 'history.csv'))]);

test('the report names every trial, its values and its run', () => {
  const page = read('whole/report.html');
  for (const { run, values } of account('whole').trials) {
    expect(page).toContain(`<a href="${run}/report.html">`);
    expect(page).toContain(`<td>${values[RATE]}</td>`);
  }
  expect(page).not.toMatch(/<(script|link|img)[^>]+(src|href)="(?!data:)/);
});

test.each<[string, object, string]>([
  [
    'a parameter that the recipe lacks',
    { parameters: { 'phases.0.optimiser': { type: 'choice', values: [1] } } },
    '(did you mean "optimizer"?)',
  ],
  [
    'a layer that it lacks',
    { parameters: { 'layers.9.units': { type: 'choice', values: [1] } } },
    'layers has 3 entries',
  ],
  ['a metric that it lacks', { metric: 'val_acc' }, 'the recipe tells of no "val_acc"'],
  ['halving of two phases', { recipe: 'notebook' }, 'halving needs a recipe of one phase'],
  ['no data', { data: undefined }, '"data" is missing'],
])('%s is refused before anything is made', (_, change, message) => {
  written('wrong.json', { ...sweep, ...change });
  const { status, stderr } = anke(['sweep', 'wrong.json', '--out', 'wrong']);
  expect(stderr).toContain(message);
  expect(status).not.toBe(0);
  expect(existsSync(join(work, 'wrong'))).toBe(false);
});
