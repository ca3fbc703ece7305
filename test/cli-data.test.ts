/**
 * Data through the command line: imported, looked at, augmented, trained on and predicted in every form that people
 * have.
 */
import { execFile, spawnSync } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { loadDataAt } from '@anke/files';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const main = join(import.meta.dirname, '../apps/cli/dist/main.js');
const work = mkdtempSync(join(tmpdir(), 'anke cli data '));

interface Result {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const anke = (args: readonly string[], environment: Record<string, string> = {}): Promise<Result> =>
  new Promise((resolve) => {
    const options = { cwd: work, env: { ...process.env, NO_COLOR: '1', ...environment } };
    execFile(process.execPath, [main, ...args], options, (error, stdout, stderr) => {
      const status = error ? Number((error as { code?: number }).code ?? -1) : 0;
      resolve({ status, stdout, stderr });
    });
  });
const lastJson = ({ stdout }: Result) => JSON.parse(stdout.trimEnd().split('\n').at(-1) as string);
const png = (path: string): PNG => PNG.sync.read(readFileSync(join(work, path)));

let archive: Buffer;
/** Answers that a test gives when it is time. */
const held = new EventEmitter();
const server = createServer((request, response) => {
  if (request.url === '/digits.tar.gz') response.end(archive);
  else if (request.url === '/held.bin') held.emit('asked', response);
  else response.writeHead(403).end();
});
let base = '';

/** A folder a class of the first digits, and the same as IDX files. */
async function otherForms(): Promise<void> {
  const { train } = await loadDataAt(join(work, 'digits'));
  if (!train?.labels) throw new Error('the digits are missing');
  const [height, width] = train.shape;
  for (let i = 0; i < 60; i++) {
    const picture = new PNG({ width, height });
    const pixels = train.pixels.subarray(i * train.rowLength, (i + 1) * train.rowLength);
    pixels.forEach((value, j) => {
      picture.data.set([value, value, value, 255], 4 * j);
    });
    const folder = join(work, 'pictures', String(train.labels[i]));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${i}.png`), PNG.sync.write(picture));
  }
  const header = (shape: readonly number[]): Buffer => {
    const bytes = Buffer.alloc(4 + 4 * shape.length);
    bytes[2] = 8;
    bytes[3] = shape.length;
    for (const [i, side] of shape.entries()) bytes.writeUInt32BE(side, 4 + 4 * i);
    return bytes;
  };
  mkdirSync(join(work, 'idx'));
  const images = Buffer.concat([header([train.count, height, width]), train.pixels]);
  writeFileSync(join(work, 'idx/train-images-idx3-ubyte.gz'), gzipSync(images));
  writeFileSync(
    join(work, 'idx/train-labels-idx1-ubyte'),
    Buffer.concat([header([train.count]), Uint8Array.from(train.labels)]),
  );
}

beforeAll(async () => {
  expect((await anke(['synth', '--to', 'digits', '--train', '120', '--test', '20', '--seed', '3'])).status).toBe(0);
  await otherForms();
  await new Promise<void>(
    (resolve) => void execFile('tar', ['-czf', 'digits.tar.gz', 'digits'], { cwd: work }, () => resolve()),
  );
  archive = readFileSync(join(work, 'digits.tar.gz'));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const train = ['train', '--data', 'idx', '--epochs', '1', '--batch-size', '20', '--augment', '--out', 'run'];
  const trained = await anke(train);
  expect(trained.status, trained.stderr).toBe(0);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(work, { recursive: true });
});

describe('anke import', () => {
  test('a source that fails says why, the others come, and the exit code tells', async () => {
    const mapping = [
      `good:${encodeURIComponent(`${base}/digits.tar.gz`)}`,
      `expired:${encodeURIComponent(`${base}/x.zip`)}`,
    ];
    const result = await anke(['import', '--to', 'imported', '--json'], { DATA_SOURCE_MAPPING: mapping.join(',') });
    expect(result.status).toBe(1);
    expect(result.stderr).toContain('expired: HTTP 403, likely expired');
    expect(result.stderr).toContain('anke: 1 of 2 sources could not be imported');
    expect(readdirSync(join(work, 'imported'))).toEqual(['good']);
    expect(readdirSync(join(work, 'imported/good/digits'))).toContain('train.csv');
    expect(lastJson(result).sources).toMatchObject([{ name: 'good', files: 6 }, { name: 'expired' }]);
    const again = await anke(['import', `good:${base}/digits.tar.gz`, '--to', 'imported']);
    expect(again.stdout).toContain('is there already, and left as it is');
  });

  test('of two imports of the same at once, one is refused in words, and the other one’s file is whole', async () => {
    const args = ['import', `raw:${base}/held.bin`, '--to', 'at-once'];
    const asked = once(held, 'asked') as Promise<[ServerResponse]>;
    const first = anke(args);
    const [response] = await asked;
    response.write('half ');
    const second = await anke(args);
    expect(second.status).toBe(1);
    expect(second.stdout).toMatch(/at-once.raw is in use by process \d+/);
    response.end('and half');
    expect((await first).status).toBe(0);
    expect(readFileSync(join(work, 'at-once/raw/held.bin'), 'utf8')).toBe('half and half');
    expect(readdirSync(join(work, 'at-once'))).toEqual(['raw']);
  });

  test('what is asked for wrongly', async () => {
    expect(await anke(['import'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('name a source: NAME:URL'),
    });
    const kaggle = await anke(['import', 'kaggle:Kannada-MNIST'], { KAGGLE_USERNAME: '', KAGGLE_CONFIG_DIR: work });
    expect(kaggle).toMatchObject({ status: 1, stderr: expect.stringContaining('Kaggle needs a token') });
    const sum = await anke(['import', `x:${base}/digits.tar.gz`, '--to', 'imported', '--sha256', '0'.repeat(64)]);
    expect(sum).toMatchObject({ status: 1, stdout: expect.stringContaining('x: its SHA-256 is ') });
    expect(readdirSync(join(work, 'imported'))).not.toContain('x');
  });
});

describe('anke inspect', () => {
  test('tells what is there, and draws it', async () => {
    const result = await anke(['inspect', 'digits', '--json', '--out', 'sheet.png', '--model', 'run']);
    expect(result.status, result.stderr).toBe(0);
    const { sets, warnings } = lastJson(result);
    expect(sets.train.images).toBe(120);
    expect(sets.train.classes.map(({ images }: { images: number }) => images)).toEqual(new Array(10).fill(12));
    expect(sets.test.duplicates).toBe(0);
    expect(warnings).toEqual([]);
    // Room for the classes' names at the left of their rows, ten of them.
    const { width, height } = png('sheet.png');
    expect(width).toBeGreaterThan(12 * 60 + 4 + 10);
    expect(height).toBe(10 * 60 + 4);
  });

  test('warns of what would spoil a training', async () => {
    const rows = readFileSync(join(work, 'digits/train.csv'), 'utf8').trimEnd().split('\n');
    const light = rows.map((row, i) => {
      const [label, ...pixels] = row.split(',');
      return i === 0 ? row : [label, ...pixels.map((pixel) => 255 - Number(pixel))].join(',');
    });
    const flat = `4,${new Array(784).fill('7').join(',')}`;
    const twin = (light[1] as string).replace(/^\d/, '9');
    writeFileSync(
      join(work, 'spoilt.csv'),
      `${[...light.filter((row) => !row.startsWith('5,')), flat, twin].join('\n')}\n`,
    );
    const before = readdirSync(work);
    const { warnings } = lastJson(await anke(['inspect', 'spoilt.csv', '--json', '--model', 'run']));
    expect(readdirSync(work)).toEqual(before); // looking writes nothing
    expect(warnings).toEqual([
      expect.stringMatching(/spoilt\.csv: 1 image has one colour only \(line 110\)/),
      expect.stringMatching(/1 image has another label than one that looks the same \(line 2, line 111\)/),
      expect.stringMatching(/class 5 has no images/),
      expect.stringMatching(/dark and light are the other way round/),
    ]);
  });
});

test('anke inspect warns of a single class, and of many copies', async () => {
  const row = (value: number): string => `3,${new Array(783).fill('0').join(',')},${value}`;
  const header = ['label', ...Array.from({ length: 784 }, (_, i) => `pixel${i}`)].join(',');
  const rows = Array.from({ length: 20 }, (_, i) => row(1 + Math.min(i, 16)));
  writeFileSync(join(work, 'copies.csv'), `${[header, ...rows].join('\n')}\n`);
  const { warnings } = lastJson(await anke(['inspect', 'copies.csv', '--json']));
  expect(warnings).toEqual(
    expect.arrayContaining([
      'copies.csv: all images are of one class, so there is nothing to tell apart',
      'copies.csv: 3 images are copies of others, so that a validation may hold what was trained on',
    ]),
  );
});

describe('every form of data', () => {
  test('a training tells what it has learned from, and how it changed its images', () => {
    expect(JSON.parse(readFileSync(join(work, 'run/data.json'), 'utf8'))).toMatchObject({
      images: 96,
      pixels: { least: 0 },
    });
    expect(JSON.parse(readFileSync(join(work, 'run/recipe.json'), 'utf8')).augmentation).toMatchObject({
      rotationRange: 10,
      zoomRange: 0.1,
    });
  });

  test('pictures train a model of as many classes as there are folders', async () => {
    const { status, stderr } = await anke([
      'train',
      '--data',
      'pictures',
      '--epochs',
      '1',
      '--batch-size',
      '16',
      '--out',
      'from pictures',
      '--shuffle-split',
      '--stratified',
    ]);
    expect(status, stderr).toBe(0);
    expect(existsSync(join(work, 'from pictures/model.safetensors'))).toBe(true);
    const { data } = JSON.parse(readFileSync(join(work, 'from pictures/recipe.json'), 'utf8'));
    expect(data).toMatchObject({ validationSplit: 0.2, shuffleSplit: true, stratified: true });
  });

  test('a picture is predicted as it is in the file of all', async () => {
    const many = await anke([
      'predict',
      '--model',
      'run',
      '--input',
      'pictures',
      '--output',
      'p.csv',
      '--probabilities',
    ]);
    expect(many.status, many.stderr).toBe(0);
    const rows = readFileSync(join(work, 'p.csv'), 'utf8').trimEnd().split('\n').slice(1);
    const row = rows.find((line) => line.startsWith('3/3.png,')) ?? rows[0];
    const [id = '', label, ...shares] = (row as string).split(',');
    const one = await anke(['predict', '--model', 'run', '--input', join('pictures', id)]);
    expect(one.status, one.stderr).toBe(0);
    const [first, ...bars] = one.stdout.trimEnd().split('\n').slice(-11);
    expect(first).toBe(label);
    bars.forEach((line, i) => {
      expect(line).toMatch(new RegExp(`^ +${i} .* ${(100 * Number(shares[i])).toFixed(2)}%$`));
    });
    const turned = await anke(['predict', '--model', 'run', '--input', join('pictures', id), '--invert']);
    expect(turned.stdout).toContain('Dark and light are the other way round');
  });

  test('predictions go from stdin to stdout, the most likely classes first', async () => {
    const input = readFileSync(join(work, 'digits/test.csv'));
    const predict = (...more: string[]) =>
      spawnSync(process.execPath, [main, 'predict', '--model', 'run', '--input', '-', '--output', '-', ...more], {
        cwd: work,
        input,
        encoding: 'utf8',
      });
    const top = predict('--top', '3');
    expect(top.status, top.stderr).toBe(0);
    const [header, ...rows] = top.stdout.trimEnd().split('\n');
    expect(header).toBe('id,label,probability,label2,probability2,label3,probability3');
    const all = predict('--probabilities').stdout.trimEnd().split('\n').slice(1);
    rows.forEach((row, i) => {
      const [id, label, first, , second, , third] = row.split(',');
      const [wholeId, wholeLabel, ...shares] = (all[i] as string).split(',');
      expect([id, label]).toEqual([wholeId, wholeLabel]);
      expect([first, second, third].map(Number)).toEqual(
        shares
          .map(Number)
          .sort((a, b) => b - a)
          .slice(0, 3),
      );
    });
    const single = predict('--batch-size', '1');
    expect(single.stderr).toMatch(/one by one: median [\d.]+ ms, 99% within [\d.]+ ms/);
    expect(single.stdout).toBe(predict().stdout);
    expect(predict('--json').status).toBe(2);
    const bad = spawnSync(process.execPath, [main, 'predict', '--model', 'run', '--input', '-', '--output', '-'], {
      cwd: work,
      input: `id,${Array.from({ length: 784 }, (_, i) => `pixel${i}`)}\n1,x${',0'.repeat(783)}\n`,
      encoding: 'utf8',
    });
    expect(bad.stderr).toContain('stdin, line 2, column "pixel0": expected an integer in 0 … 255, found "x"');
    expect([bad.status, bad.stdout]).toEqual([1, '']);
  });

  test('evaluate takes IDX files and archives', async () => {
    const fromIdx = lastJson(
      await anke(['evaluate', '--model', 'run', '--input', 'idx/train-images-idx3-ubyte.gz', '--json']),
    );
    const fromCsv = lastJson(await anke(['evaluate', '--model', 'run', '--input', 'digits/train.csv', '--json']));
    expect(fromIdx).toMatchObject({ loss: fromCsv.loss, accuracy: fromCsv.accuracy, images: 120 });
    const fromArchive = lastJson(await anke(['evaluate', '--model', 'run', '--input', 'digits.tar.gz', '--json']));
    expect(fromArchive.images).toBe(20);
  });

  test('bench csv times the reader', async () => {
    const { rows, bytes, ms, readingMs, peakBytes } = lastJson(await anke(['bench', 'csv', 'digits', '--json']));
    expect([rows, bytes]).toEqual([120, readFileSync(join(work, 'digits/train.csv')).length]);
    expect(ms.median).toBeGreaterThan(0);
    expect(readingMs.median).toBeGreaterThan(0);
    expect(peakBytes).toBeGreaterThan(1e6);
    expect(await anke(['bench', 'csv', 'idx'])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('there is no train.csv in it'),
    });
  });
});
