/** If these failed, a changed file of a run would be used in silence, or a whole one would be called damaged. */
import { createHash } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { DamageError, SealedStore, SUMS_FILE } from './sealed-store.js';
import { type MemoryStore, memoryStore, readText, type Store, writeText } from './store.js';

let inner: MemoryStore;
let store: SealedStore;
beforeEach(() => {
  inner = memoryStore();
  store = new SealedStore(inner);
});

const sum = (text: string): string => createHash('sha256').update(text).digest('hex');

test('files are listed as sha256sum does, and read as they were written', async () => {
  await writeText(store, 'a.txt', 'first');
  await writeText(store, 'folder/b c.txt', 'second');
  expect(await readText(inner, SUMS_FILE)).toBe(`${sum('first')}  a.txt\n${sum('second')}  folder/b c.txt\n`);
  expect(await readText(store, 'a.txt')).toBe('first');
  expect(await store.read('none')).toBeUndefined();
  expect(await store.damage()).toEqual([]);
});

test('each changed bit of a file is noticed', async () => {
  const bytes = Uint8Array.from({ length: 40 }, (_, i) => i * 7);
  await store.write('a', bytes);
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const changed = bytes.slice();
    (changed[bit >> 3] as number) ^= 1 << (bit & 7);
    await inner.write('a', changed);
    await expect(store.read('a')).rejects.toThrow('a: it has changed since it was written');
  }
});

test('a changed bit of the list leads to an error, or to the same bytes', async () => {
  await writeText(store, 'a', 'first');
  await writeText(store, 'b', 'second');
  const list = inner.files.get(SUMS_FILE) as Uint8Array;
  for (let bit = 0; bit < 8 * list.length; bit++) {
    const changed = list.slice();
    (changed[bit >> 3] as number) ^= 1 << (bit & 7);
    await inner.write(SUMS_FILE, changed);
    const found = await readText(store, 'b').catch((error: unknown) => error);
    expect(found === 'second' || found instanceof DamageError, `bit ${bit}: ${found}`).toBe(true);
  }
});

test('cut between two writes, a file is as it was or as it was to be, and neither is called damaged', async () => {
  const cuts: ReadonlyMap<string, Uint8Array>[] = [];
  const recording: Store = {
    read: inner.read,
    write: async (name, bytes) => {
      await inner.write(name, bytes);
      cuts.push(new Map(inner.files));
    },
  };
  const first = new SealedStore(recording);
  for (const text of ['one', 'two', 'three']) await writeText(first, 'a', text);
  for (const files of cuts) {
    const resumed = memoryStore();
    for (const [name, bytes] of files) await resumed.write(name, bytes);
    expect([undefined, 'one', 'two', 'three']).toContain(await readText(new SealedStore(resumed), 'a'));
    // Killed once more, in the same way, in the run that goes on.
    await expect(
      new SealedStore({
        read: resumed.read,
        write: async (name, bytes) => {
          if (name === 'a') throw new Error('killed');
          await resumed.write(name, bytes);
        },
      }).write('a', Uint8Array.of(9)),
    ).rejects.toThrow('killed');
    expect([undefined, 'one', 'two', 'three']).toContain(await readText(new SealedStore(resumed), 'a'));
  }
  expect(await readText(inner, SUMS_FILE)).toBe(`# was ${sum('two')}  a\n${sum('three')}  a\n`);
});

test('a file that is not listed is taken as it is; a change can be accepted', async () => {
  await writeText(inner, 'own', 'by hand');
  expect(await readText(store, 'own')).toBe('by hand');
  await writeText(store, 'a', 'first');
  await writeText(inner, 'a', 'edited');
  await expect(store.read('a')).rejects.toThrow(DamageError);
  expect((await store.damage()).map(({ file }) => file)).toEqual(['a']);
  await store.accept('a');
  expect(await readText(store, 'a')).toBe('edited');
});

test('a list that is none is refused by line', async () => {
  await writeText(inner, SUMS_FILE, `${sum('x')}  x\n\nnonsense`);
  await expect(store.read('x')).rejects.toThrow('SHA256SUMS: line 2 is no SHA-256 and a file’s name');
});

test('files that are written side by side are all listed', async () => {
  await Promise.all(['a', 'b', 'c'].map((name) => writeText(store, name, name)));
  expect(await store.damage()).toEqual([]);
  expect((await readText(inner, SUMS_FILE))?.split('\n')).toHaveLength(4);
});
