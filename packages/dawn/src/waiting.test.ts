/**
 * If these failed, waiting for the device would keep a CPU core busy, which slows down software drivers, or lose an
 * error.
 */
import { afterEach, expect, test, vi } from 'vitest';
import { restWhileWaiting } from './waiting.js';

afterEach(() => vi.restoreAllMocks());

/** Work that is asked after in every turn of the event loop, as Dawn's binding does it. */
class Work {
  turns = 0;
  poll(turns: number, value: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const look = (): unknown =>
        this.turns++ < turns ? setImmediate(look) : value < 0 ? reject(value) : resolve(value);
      setImmediate(look);
    });
  }
}
class Other {
  async mapAsync(): Promise<void> {}
  async createComputePipelineAsync(): Promise<void> {}
  async popErrorScope(): Promise<void> {}
}

test('each turn of a wait sleeps, a millisecond at most, and no turn after it', async () => {
  const prototype = { onSubmittedWorkDone: Work.prototype.poll };
  const classes = { GPUQueue: { prototype }, GPUBuffer: Other, GPUDevice: Other };
  restWhileWaiting(classes);
  const patched = prototype.onSubmittedWorkDone;
  restWhileWaiting(classes);
  expect(prototype.onSubmittedWorkDone, 'changed once only').toBe(patched);

  const sleep = vi.spyOn(Atomics, 'wait');
  const work = Object.assign(new Work(), prototype);
  expect(await work.onSubmittedWorkDone(50, 7)).toBe(7);
  const slept = sleep.mock.calls.length;
  expect(slept).toBeGreaterThanOrEqual(49);
  for (const [, , , milliseconds = Number.NaN] of sleep.mock.calls) {
    expect(milliseconds).toBeGreaterThanOrEqual(0);
    expect(milliseconds).toBeLessThanOrEqual(1);
  }
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
  expect(sleep.mock.calls.length).toBeLessThanOrEqual(slept + 1);
});

test('waits that follow one another sleep once a turn all the same', async () => {
  const prototype = { onSubmittedWorkDone: Work.prototype.poll };
  restWhileWaiting({ GPUQueue: { prototype }, GPUBuffer: Other, GPUDevice: Other });
  const sleep = vi.spyOn(Atomics, 'wait');
  let turns = 0;
  for (let i = 0; i < 100; i++) {
    const work = Object.assign(new Work(), prototype);
    await work.onSubmittedWorkDone(2, i);
    turns += work.turns;
  }
  expect(sleep.mock.calls.length).toBeGreaterThan(50);
  expect(sleep.mock.calls.length).toBeLessThanOrEqual(turns + 1);
});

test('an error is passed on, and ends the wait', async () => {
  const prototype = { onSubmittedWorkDone: Work.prototype.poll };
  restWhileWaiting({ GPUQueue: { prototype }, GPUBuffer: Other, GPUDevice: Other });
  const work = Object.assign(new Work(), prototype);
  await expect(work.onSubmittedWorkDone(3, -1)).rejects.toBe(-1);
  const sleep = vi.spyOn(Atomics, 'wait');
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
  expect(sleep.mock.calls.length).toBeLessThanOrEqual(1);
});
