/**
 * Changes good files at random, and makes noise, for readers to read. Each must end in a data set that is one, or in a
 * named error; within a second of computing, and without much memory. What is drawn depends on the seed alone; a
 * failure prints the smallest input that fast-check has found.
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import { DataError } from '../errors.js';

const SEED = 20_261_123;
const INPUTS = 8000;
const MOST_CPU_SECONDS = 1;
const MOST_BYTES = 128 * 2 ** 20;

/** What is done to a good file: each number is taken modulo what makes sense. */
const change = fc.record({
  kind: fc.constantFrom('flip', 'set', 'cut', 'insert', 'repeat', 'end', 'number'),
  at: fc.nat(),
  length: fc.nat({ max: 64 }),
  value: fc.constantFrom(0, 1, 9, 10, 13, 32, 34, 44, 45, 46, 47, 48, 57, 58, 92, 127, 128, 200, 255),
});
type Change = typeof change extends fc.Arbitrary<infer C> ? C : never;

function changed(good: Uint8Array, changes: readonly Change[]): Buffer {
  let bytes = Buffer.from(good);
  for (const { kind, at, length, value } of changes) {
    if (bytes.length === 0) return bytes;
    const offset = at % bytes.length;
    if (kind === 'flip') bytes[offset] = (bytes[offset] as number) ^ (1 << (length % 8));
    if (kind === 'set') bytes[offset] = value;
    if (kind === 'cut') bytes = Buffer.concat([bytes.subarray(0, offset), bytes.subarray(offset + length)]);
    if (kind === 'insert')
      bytes = Buffer.concat([bytes.subarray(0, offset), Buffer.alloc(length, value), bytes.subarray(offset)]);
    if (kind === 'repeat') bytes = Buffer.concat([bytes.subarray(0, offset + length), bytes.subarray(offset)]);
    if (kind === 'end') bytes = bytes.subarray(0, offset);
    if (kind === 'number') bytes.fill(value, offset, Math.min(bytes.length, offset + (length % 9)));
  }
  return bytes;
}

let outcomes = { good: 0, refused: 0 };

/** Changed files of a corpus, and noise, through a reader. */
export async function fuzz(
  corpus: readonly Uint8Array[],
  read: (bytes: Buffer) => Promise<void> | void,
): Promise<void> {
  outcomes = { good: 0, refused: 0 };
  const input = fc.oneof(
    {
      weight: 9,
      arbitrary: fc
        .tuple(fc.nat({ max: corpus.length - 1 }), fc.array(change, { maxLength: 6 }))
        .map(([i, changes]) => changed(corpus[i] as Uint8Array, changes)),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)) },
  );
  const property = fc.asyncProperty(input, async (bytes) => {
    const memory = process.memoryUsage().arrayBuffers;
    const cpu = process.cpuUsage();
    try {
      await read(bytes);
      outcomes.good++;
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      expect(error.message).toMatch(/^file/);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may reach a terminal
      expect(error.message).not.toMatch(/[\u0000-\u001f\u007f]/);
      outcomes.refused++;
    }
    const { user, system } = process.cpuUsage(cpu);
    expect((user + system) / 1e6, 'seconds of computing').toBeLessThan(MOST_CPU_SECONDS);
    expect(process.memoryUsage().arrayBuffers - memory, 'bytes').toBeLessThan(MOST_BYTES);
  });
  await fc.assert(property, { seed: SEED, numRuns: INPUTS });
  // Else the changes would be too harsh, or too mild, to find anything.
  expect(outcomes.good).toBeGreaterThan(INPUTS / 50);
  expect(outcomes.refused).toBeGreaterThan(INPUTS / 50);
}
