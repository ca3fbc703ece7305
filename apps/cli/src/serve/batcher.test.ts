/** If these failed, a request of many images would hold up the others, or answers would be given to the wrong ones. */
import { expect, test } from 'vitest';
import { Batcher } from './batcher.js';

/** Images of one byte, of which the output is the byte; notes the batches. */
function echo(most: number): { readonly batcher: Batcher; readonly batches: number[][] } {
  const batches: number[][] = [];
  const predict = async (images: unknown): Promise<Float32Array> => {
    batches.push([...(images as Uint8Array)]);
    return Float32Array.from(images as Uint8Array);
  };
  const predictors = [1, most].map((batch) => ({ batch, predict }));
  return { batcher: new Batcher({ predictors }, 1), batches };
}

test('each request that waits has an image in a batch before any has two', async () => {
  const { batcher, batches } = echo(4);
  const outputs = await Promise.all(
    [[1, 2, 3, 4, 5, 6, 7], [20], [30, 31]].map((some) => batcher.predict(Uint8Array.from(some))),
  );
  expect(outputs.map((output) => [...output])).toEqual([[1, 2, 3, 4, 5, 6, 7], [20], [30, 31]]);
  expect(batches).toEqual([[1, 2, 3, 4], [5, 20, 30, 6], [31], [7]]);
});

test('a request fails as a whole, and alone', async () => {
  let calls = 0;
  const predict = async (images: unknown): Promise<Float32Array> => {
    if (++calls === 2) throw new Error('this batch fails');
    return Float32Array.from(images as Uint8Array);
  };
  const batcher = new Batcher({ predictors: [{ batch: 1, predict }] }, 1);
  const many = batcher.predict(Uint8Array.of(1, 2, 3));
  const one = batcher.predict(Uint8Array.of(9));
  await expect(many).rejects.toThrow('this batch fails');
  expect([...(await one)]).toEqual([9]);
  expect(calls, 'its third image is not predicted').toBe(3);
});

test('what nobody waits for any more is not predicted', async () => {
  const { batcher, batches } = echo(2);
  let isGone = false;
  const many = batcher.predict(Uint8Array.of(1, 2, 3, 4, 5, 6), () => isGone);
  isGone = true;
  await expect(many).rejects.toMatchObject({ status: 400 });
  expect(batches.flat().length).toBeLessThan(3);
  expect([...(await batcher.predict(Uint8Array.of(7)))]).toEqual([7]);
});

test('when it is closed, all fails that is not answered', async () => {
  const batcher = new Batcher({ predictors: [{ batch: 1, predict: () => new Promise(() => undefined) }] }, 1);
  const waiting = [batcher.predict(Uint8Array.of(1)), batcher.predict(Uint8Array.of(2))];
  await Promise.resolve();
  batcher.close(new Error('the end'));
  for (const one of waiting) await expect(one).rejects.toThrow('the end');
});
