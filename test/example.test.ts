/** The example of the documentation: it is what is written there, and it learns. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { synthesize, writeCompetition } from '@anke/data';
import { digitOutlines } from '@anke/files';
import { decodeWeights } from '@anke/nn';
import { afterAll, expect, test } from 'vitest';
import { trainOwnModel } from './examples/own-model.js';

const work = mkdtempSync(join(tmpdir(), 'anke example '));
afterAll(() => rmSync(work, { recursive: true }));
const text = (...path: string[]): string => readFileSync(join(import.meta.dirname, ...path), 'utf8');

test('the documentation shows the program as it is', () => {
  expect(text('..', 'docs', 'own-data-and-models.md')).toContain(
    `\`\`\`ts\n${text('examples', 'own-model.ts').trimEnd()}\n\`\`\``,
  );
});

test('it learns', async () => {
  writeCompetition(await synthesize(digitOutlines(), { train: 1000, test: 10, seed: 3 }), (name, content) =>
    writeFileSync(join(work, name), content),
  );
  const { weights, accuracy } = await trainOwnModel(work, 12);
  // Ten classes: by chance it would be 0.1.
  expect(accuracy).toBeGreaterThan(0.8);
  expect(decodeWeights(weights).size).toBe(6);
});
