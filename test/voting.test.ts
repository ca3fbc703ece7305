/** If these failed, several models, or several copies of an image, would predict otherwise than they are judged. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const main = join(import.meta.dirname, '../apps/cli/dist/main.js');
const work = mkdtempSync(join(tmpdir(), 'anke voting '));
const HARDER = 'digits/Dig-MNIST.csv';
const BOTH = ['--model', 'one', '--model', 'two'];

function anke(...args: readonly string[]) {
  const options = { cwd: work, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } } as const;
  return spawnSync(process.execPath, [main, ...args], options);
}

/** Rows of id, label and probabilities. */
function predicted(...args: readonly string[]): number[][] {
  const { status, stdout, stderr } = anke('predict', ...args, '--probabilities', '--out', '-');
  expect(status, stderr).toBe(0);
  const [, ...rows] = stdout.trimEnd().split('\n');
  return rows.map((row) => row.split(',').map(Number));
}
function judged(...args: readonly string[]) {
  const { status, stdout, stderr } = anke('evaluate', ...args, '--json');
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout);
}
const labels = (): number[] => {
  const [header = '', ...rows] = readFileSync(join(work, HARDER), 'utf8').trimEnd().split('\n');
  const column = header.split(',').indexOf('label');
  return rows.map((row) => Number(row.split(',')[column]));
};
const accuracyOf = (rows: readonly (readonly number[])[]): number =>
  labels().filter((label, i) => rows[i]?.[1] === label).length / rows.length;

beforeAll(() => {
  const layers = [{ type: 'Flatten' }, { type: 'Dense', units: 'classes', activation: 'softmax' }];
  writeFileSync(
    join(work, 'tiny.json'),
    JSON.stringify({ layers, phases: [{ optimizer: { type: 'Adam' }, epochs: 2 }] }),
  );
  const run = (...args: readonly string[]): void => {
    const { status, stderr } = anke(...args);
    expect(status, stderr).toBe(0);
  };
  run('synth', '--out', 'digits', '--train', '300', '--test', '10');
  run('train', 'digits', '--recipe', 'tiny.json', '--out', 'one');
  run('train', 'digits', '--recipe', 'tiny.json', '--out', 'two', '--seed', '5');
});
afterAll(() => rmSync(work, { recursive: true }));

test('two runs predict the mean of their probabilities, and are judged by it', () => {
  const [one, two, both] = [['one'], ['two'], BOTH].map((models) => predicted(...models, HARDER)) as number[][][];
  both?.forEach((row, i) => {
    const mean = row.slice(2).map((_, j) => ((one?.[i]?.[j + 2] as number) + (two?.[i]?.[j + 2] as number)) / 2);
    // Probabilities are written with seven digits.
    row.slice(2).forEach((share, j) => {
      expect(share).toBeCloseTo(mean[j] as number, 6);
    });
    expect(row[1]).toBe(row.slice(2).indexOf(Math.max(...row.slice(2))));
  });
  const vote = judged(...BOTH, HARDER);
  expect(vote.accuracy).toBeCloseTo(accuracyOf(both ?? []), 12);
  const members = vote.members.map(({ run, accuracy }: { run: string; accuracy: number }) => [run, accuracy]);
  expect(members).toEqual([
    ['one', accuracyOf(one ?? [])],
    ['two', accuracyOf(two ?? [])],
  ]);
  expect(vote.gain).toBeCloseTo(
    vote.accuracy - Math.max(...members.map(([, accuracy]: [string, number]) => accuracy)),
    12,
  );
  // One of them by itself: by its own loss, which has no penalties here.
  expect(judged('one', HARDER).accuracy).toBeCloseTo(members[0][1], 6);
});

test('copies of an image change what is predicted, by their seed, and the same whatever stands beside it', () => {
  const plain = predicted('one', HARDER);
  const copies = predicted('one', HARDER, '--tta', '4');
  expect(copies).not.toEqual(plain);
  expect(predicted('one', HARDER, '--tta', '4')).toEqual(copies);
  expect(predicted('one', HARDER, '--tta', '4', '--tta-seed', '3')).not.toEqual(copies);
  const few = readFileSync(join(work, HARDER), 'utf8').split('\n').slice(0, 4);
  writeFileSync(join(work, 'few.csv'), `${few.join('\n')}\n`);
  const shares = (rows: readonly (readonly number[])[]) => rows.map((row) => row.slice(1));
  const alone = shares(predicted('one', 'few.csv', '--tta', '4'));
  alone.forEach((row, i) => {
    row.forEach((share, j) => {
      // Batches of another size may be computed by other kernels.
      expect(share).toBeCloseTo(shares(copies)[i]?.[j] as number, 5);
    });
  });
  const { members, accuracy, gain } = judged('one', HARDER, '--tta', '4');
  expect(accuracy).toBeCloseTo(accuracyOf(copies), 12);
  expect(members).toHaveLength(1);
  expect(members[0]).toMatchObject({ run: 'one', plainAccuracy: accuracyOf(plain), accuracy });
  expect(gain).toBeCloseTo(accuracy - accuracyOf(plain), 12);
});

test('what cannot vote is refused', () => {
  const twice = anke('predict', '--model', 'one', '--model', 'one', HARDER);
  expect([twice.status, twice.stderr]).toEqual([2, expect.stringContaining('--model: a run is named twice')]);
  const layers = [{ type: 'Flatten' }, { type: 'Dense', units: 12, activation: 'softmax' }];
  writeFileSync(
    join(work, 'twelve.json'),
    JSON.stringify({ layers, phases: [{ optimizer: { type: 'SGD' }, epochs: 1 }] }),
  );
  expect(anke('train', 'digits', '--recipe', 'twelve.json', '--out', 'twelve').status).toBe(0);
  const { status, stderr } = anke('evaluate', '--model', 'one', '--model', 'twelve', HARDER);
  expect(status).toBe(1);
  expect(stderr).toContain('twelve: it takes other images, or tells other classes apart, than one');
});
