/**
 * `anke predict --shards`. If these failed, predictions in parts would not be those of one process, or what was killed
 * would be missing from them, or be there twice.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import { partsOf } from '../apps/cli/src/shards/predict-shards.js';
import { anke, root, work, written } from './command-line.js';

beforeAll(() => {
  expect(anke(['synth', '--to', 'digits', '--train', '120', '--test', '700', '--seed', '3']).status).toBe(0);
  const layers = [{ type: 'Flatten' }, { type: 'Dense', units: 'classes', activation: 'softmax' }];
  written('tiny.json', { batchSize: 24, layers, phases: [{ optimizer: { type: 'Adam' }, epochs: 1 }] });
  expect(anke(['train', 'digits', '--recipe', 'tiny.json', '--no-tune', '--out', 'run', '-q']).status).toBe(0);
  expect(anke(['predict', 'run', 'digits/test.csv', '--probabilities', '--out', 'whole.csv']).status).toBe(0);
});

const bytes = (name: string): Buffer => readFileSync(join(work, name));

test('parts hold every row once, begin at whole batches, and are about as long', () => {
  expect(partsOf(600, 100, 4)).toEqual([
    { from: 0, to: 100 },
    { from: 100, to: 300 },
    { from: 300, to: 400 },
    { from: 400, to: 600 },
  ]);
  expect(partsOf(250, 100, 12)).toEqual([
    { from: 0, to: 100 },
    { from: 100, to: 200 },
    { from: 200, to: 250 },
  ]);
});

test('killed workers, and a killed parent, change no byte', async () => {
  const words = ['predict', 'run', 'digits/test.csv', '--probabilities', '--out', 'parts.csv', '--shards', '3'];
  const start = (...more: readonly string[]) =>
    spawn(process.execPath, [join(root, 'apps/cli/dist/main.js'), ...words, ...more], { cwd: work, stdio: 'ignore' });
  const folder = join(work, '.parts.csv.shards');
  const parts = (): string[] =>
    existsSync(folder) ? readdirSync(folder).filter((name) => /^\d+-\d+\.csv$/.test(name)) : [];
  const killed = start();
  while (parts().length === 0 && killed.exitCode === null) await wait(20);
  const gone = once(killed, 'close');
  killed.kill('SIGKILL');
  await gone;
  expect(parts().length).toBeGreaterThan(0);
  expect(existsSync(join(work, 'parts.csv'))).toBe(false);

  const again = start('--workers', '2');
  const ended = once(again, 'close');
  // On Linux, a process's children are listed.
  const children = (): number[] =>
    readFileSync(`/proc/${again.pid}/task/${again.pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  if (process.platform === 'linux') {
    while (children().length === 0 && again.exitCode === null) await wait(20);
    process.kill(children()[0] as number, 'SIGKILL');
  }
  expect((await ended)[0]).toBe(0);
  expect(bytes('parts.csv')).toEqual(bytes('whole.csv'));
  expect(existsSync(folder)).toBe(false);
});

test('rows without names are numbered as in the whole file', () => {
  const whole = anke(['predict', 'run', 'digits/train.csv', '--out', '-']).stdout.split('\n');
  const part = anke(['predict', 'run', 'digits/train.csv', '--rows', '100:103', '--out', '-']).stdout.split('\n');
  expect(part[1]).toMatch(/^100,/);
  expect(part.slice(1)).toEqual([...whole.slice(101, 104), '']);
});

test.each<[string, readonly string[], string]>([
  ['no output', ['digits/test.csv'], '--shards needs --out'],
  ['no CSV', ['digits', '--out', 'x.csv'], 'rows can be taken from a CSV file alone'],
])('%s is refused', (_, words, message) => {
  const { status, stderr } = anke(['predict', 'run', ...words, '--shards', '2']);
  expect(stderr).toContain(message);
  expect(status).not.toBe(0);
  expect(existsSync(join(work, 'x.csv'))).toBe(false);
});

test('a row that is wrong is named by its line in the whole file, and nothing is written', () => {
  const lines = bytes('digits/test.csv').toString().split('\n');
  lines[600] = (lines[600] as string).replace(/,\d+$/, ',999');
  writeFileSync(join(work, 'wrong.csv'), lines.join('\n'));
  const { status, stderr } = anke(['predict', 'run', 'wrong.csv', '--out', 'y.csv', '--shards', '2']);
  expect(stderr).toContain('line 601');
  expect(status).toBe(1);
  expect(existsSync(join(work, 'y.csv'))).toBe(false);
});
