/**
 * How long the driver's compiler works on a shader, in seconds of a core: on a busy machine that is what can be
 * asserted. Compilers that take time exponential in something that a shader has much of do so for one adapter alone.
 */
import { expect } from 'vitest';
import type { Pipeline, VariantProgram } from '../runtime/compiler.js';
import type { Gpu } from '../runtime/device.js';

/** Each shader compiles in a second or two; a driver that takes longer than this would take minutes for a step. */
const LIMIT = 10;

/** Seconds of a core that this process has used so far, in all of its threads. */
function processSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** What was compiled; it stays compiled until it is released. */
export interface Compiled {
  readonly seconds: number;
  release(): void;
}

/**
 * Compiles the shaders of a variant.
 *
 * @throws if that takes longer than it may, without waiting for its end
 */
export async function compileInTime(gpu: Gpu, { stages }: VariantProgram): Promise<Compiled> {
  const { compiler } = gpu;
  const started = processSeconds();
  const pipelines: Pipeline[] = stages.map((stage) => compiler.acquire(stage));
  let timer: ReturnType<typeof setInterval> | undefined;
  const tooSlow = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      if (processSeconds() - started > LIMIT * stages.length)
        reject(new Error(`${stages[0]?.label}: not compiled within ${LIMIT} seconds`));
    }, 100);
  });
  try {
    await Promise.race([Promise.all(pipelines.map(({ ready }) => ready)), tooSlow]);
  } finally {
    clearInterval(timer);
  }
  return {
    seconds: processSeconds() - started,
    release: () => {
      for (const pipeline of pipelines) compiler.release(pipeline);
    },
  };
}

/** Runs something and returns its result, with the seconds of a core that it took. */
export async function timed<T>(work: () => Promise<T>): Promise<readonly [result: T, seconds: number]> {
  const started = processSeconds();
  return [await work(), processSeconds() - started];
}

/** @param seconds of compiling; a driver may leave a part of it to the first run, which is longer then */
export function expectInTime(what: string, seconds: number, first: number, next: number): void {
  expect(seconds + Math.max(0, first - next), `${what}: seconds of a core to compile`).toBeLessThan(LIMIT);
}
