/**
 * If these failed, a broken or hostile file would crash a reader, hang it, or be read as something that it is not; or
 * what is said of it could harm a terminal. `pnpm fuzz` gives the same readers more inputs, for hours; what it has
 * found is a test beside each reader.
 */
import { expect, test } from 'vitest';
import { Dice } from './fuzz/change.ts';
import { Corpus } from './fuzz/corpus.ts';
import { outcomeOf } from './fuzz/reader.ts';
import { readers } from './fuzz/readers.ts';

const SEED = 20_261_127;
/** More than 20,000 in all; fewer of those that take long. */
const INPUTS: Readonly<Record<string, number>> = {
  csv: 4000,
  idx: 4000,
  npy: 3500,
  npz: 300,
  zip: 500,
  tar: 300,
  gzip: 400,
  png: 200,
  jpeg: 200,
  safetensors: 3000,
  checkpoint: 3000,
  'model.json': 1500,
  onnx: 200,
  hdf5: 40,
  recipe: 200,
  config: 1000,
  request: 500,
};

test('every reader has its inputs', () => {
  expect(Object.keys(INPUTS)).toEqual(Object.keys(readers));
});

test.each(Object.entries(readers))('%s: whatever is in a file, it is read or refused', async (name, load) => {
  const reader = await load();
  const seeds = await reader.seeds();
  for (const [i, seed] of seeds.entries())
    expect(await outcomeOf(reader, seed), `seed ${i}`).toEqual({ kind: 'result' });
  const corpus = new Corpus(seeds, reader);
  const dice = new Dice(SEED);
  const counts = { result: 0, refused: 0, finding: 0 };
  for (let i = 0; i < (INPUTS[name] as number); i++) {
    const input = corpus.next(dice);
    const outcome = await outcomeOf(reader, input);
    if (outcome.kind === 'finding')
      expect.fail(`input ${i}: ${outcome.what}\n${Buffer.from(input).toString('base64').slice(0, 4000)}`);
    if (corpus.isNewAnswer(outcome)) corpus.keep(input);
    counts[outcome.kind]++;
  }
  // Else the changes would be too harsh, or too mild, to find anything.
  expect(counts.refused).toBeGreaterThan(10);
});
