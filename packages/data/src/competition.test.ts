import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { formatSubmission, openSource, readCompetition, synthesize, writeCompetition } from './index.js';

const folder = mkdtempSync(join(tmpdir(), 'anke data '));
afterAll(() => rmSync(folder, { recursive: true }));

const digits = synthesize({ train: 40, test: 20, seed: 5 });
const place = (name: string): string => {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  writeCompetition(digits, (file, content) => writeFileSync(join(path, file), content));
  return path;
};

test('synthetic digits are read back as they were drawn', async () => {
  const competition = await readCompetition(place('whole'));
  expect(competition.train.pixels).toEqual(digits.train.pixels);
  expect(competition.train.labels).toEqual(digits.train.labels);
  expect(competition.test.ids).toEqual(digits.test.ids);
  expect(competition.testLabels).toEqual(digits.testLabels);
  expect(competition.digMnist?.count).toBe(20);
  expect(competition.files).toContain('sample_submission.csv');
});

test('the digits depend on the seed, and a longer set begins with the shorter one', () => {
  const longer = synthesize({ train: 60, test: 20, seed: 5 });
  expect(longer.train.pixels.subarray(0, digits.train.pixels.length)).toEqual(digits.train.pixels);
  expect(synthesize({ train: 40, test: 20, seed: 6 }).train.pixels).not.toEqual(digits.train.pixels);
});

test('digits have ink within the box of MNIST, none blank, no two alike', () => {
  const { pixels, count, rowLength } = digits.train;
  const seen = new Set<string>();
  for (let row = 0; row < count; row++) {
    const image = pixels.subarray(row * rowLength, (row + 1) * rowLength);
    const ink = image.reduce((sum, value) => sum + value, 0) / 255;
    expect(ink).toBeGreaterThan(20);
    expect(ink).toBeLessThan(300);
    seen.add(image.join());
  }
  expect(seen.size).toBe(count);
});

describe('what is wrong is said by name', () => {
  test('a missing file, and what is there instead', async () => {
    const path = place('missing');
    rmSync(join(path, 'test.csv'));
    await expect(readCompetition(path)).rejects.toThrow(/there is no test\.csv in it; it holds .*train\.csv/);
  });

  test('a path that is not there', async () => {
    await expect(readCompetition(join(folder, 'nowhere'))).rejects.toThrow('nowhere: there is no such file or folder');
  });

  test('a file that is no archive', async () => {
    const path = join(folder, 'letter.zip');
    writeFileSync(path, 'Dear reader');
    await expect(openSource(path)).rejects.toThrow('letter.zip: this is neither a folder nor a zip archive');
  });

  test('a sample submission with other ids', async () => {
    const path = place('sample');
    writeFileSync(
      join(path, 'sample_submission.csv'),
      formatSubmission(digits.test.ids?.map((id) => `x${id}`) ?? [], new Uint8Array(20)),
    );
    await expect(readCompetition(path)).rejects.toThrow(
      'sample_submission.csv, line 2, column "id": expected "0" as in test.csv, found "x0"',
    );
  });

  test('files whose images differ in size', async () => {
    const path = place('sizes');
    writeFileSync(join(path, 'test.csv'), 'id,pixel0\n0,1\n');
    await expect(readCompetition(path)).rejects.toThrow(
      'test.csv: its images have 1 pixels, but those of train.csv have 784',
    );
  });
});
