/**
 * Chooses between variants by timing them. Which of a kernel's suitable variants is the fastest depends on the device
 * and on the shape; so each is run a few times on memory of its own, and the choice is kept in this object. Callers can
 * store {@link Choices} and pass them to a later process. Tuning changes results only as far as variants round
 * differently: it draws no random numbers, and a run that is given the choices of an earlier one computes the same
 * bits.
 */
import { type BoundStage, encodeStage, SingleDispatch } from './bound.js';
import { type Choices, type Chooser, choiceKey, type VariantRequest } from './chooser.js';
import type { Gpu } from './device.js';
import type { StorageTypes } from './dispatch.js';
import { DeviceMemoryError } from './errors.js';
import { neededBindings } from './kernel.js';
import { SlowCompileError } from './patience.js';
import { elementBytes, type Storage } from './storage.js';

/** Work below which no choice is worth its timing. */
const LEAST_FLOPS = 4e6;
const ROUNDS = 3;
/** Device time that one round of one variant takes, roughly. */
const ROUND_MILLISECONDS = 8;

export class Tuner implements Chooser<Gpu> {
  readonly #choices = new Map<string, string>();
  readonly #used = new Set<string>();
  /** One request at a time: while another kernel runs, timings mean nothing. */
  #queue: Promise<void> = Promise.resolve();

  /**
   * @param choices what was chosen before
   * @param measure whether variants are timed where nothing was chosen
   * @param onChoice is told each new choice, and waited for
   */
  constructor(
    choices: Choices = {},
    readonly measure = true,
    readonly onChoice: (choices: Choices) => void | Promise<void> = () => undefined,
  ) {
    for (const [key, variant] of Object.entries(choices)) this.#choices.set(key, variant);
  }

  /** All choices so far: to be stored for this device. */
  get choices(): Choices {
    return Object.fromEntries([...this.#choices].sort());
  }

  get used(): Choices {
    return Object.fromEntries(Object.entries(this.choices).filter(([key]) => this.#used.has(key)));
  }

  choice(kernel: { readonly name: string }, params: object, types?: StorageTypes): string | undefined {
    const key = choiceKey(kernel, params, types);
    this.#used.add(key);
    return this.#choices.get(key);
  }

  async choose(kernel: { readonly name: string }, params: object, types: StorageTypes, variant: string): Promise<void> {
    const key = choiceKey(kernel, params, types);
    this.#used.add(key);
    this.#choices.set(key, variant);
    await this.onChoice(this.choices);
  }

  /**
   * Chooses for every request that has several variants to choose from and is not decided yet.
   *
   * @param onDone is called after each request
   */
  async tune(gpu: Gpu, requests: readonly VariantRequest[], onDone: () => void = () => undefined): Promise<void> {
    const work = this.#queue.then(async () => {
      for (const request of requests) {
        if (this.measure) await this.#tuneOne(gpu, request);
        onDone();
      }
    });
    this.#queue = work.catch(() => undefined);
    await work;
  }

  async #tuneOne(gpu: Gpu, { kernel, params, types = {} }: VariantRequest): Promise<void> {
    const key = choiceKey(kernel, params, types);
    if (this.#choices.has(key) || kernel.cost(params).flops < LEAST_FLOPS) return;
    const { compiler } = gpu;
    const candidates = compiler.candidates(kernel, params, types);
    if (candidates.length < 2) return;
    const bindings: Record<string, Storage> = {};
    const dispatches: SingleDispatch[] = [];
    try {
      for (const name of neededBindings(kernel, params)) {
        const { length, type } = kernel.bindings[name] as (typeof kernel.bindings)[string];
        const stored = types[name] ?? type;
        bindings[name] = gpu.storage(`${kernel.name} ${name}`, length(params) * elementBytes(stored), stored);
      }
      for (const variant of candidates)
        dispatches.push(new SingleDispatch(gpu, compiler.program(kernel, params, variant, types), bindings));
      const bound: (readonly BoundStage[])[] = [];
      const names: string[] = [];
      const compiled = await Promise.allSettled(dispatches.map((dispatch) => dispatch.stages()));
      for (const [i, result] of compiled.entries()) {
        const variant = candidates[i] as string;
        if (result.status === 'fulfilled') {
          bound.push(result.value);
          names.push(variant);
        } else if (result.reason instanceof SlowCompileError) await compiler.giveUp({ kernel, params, types }, variant);
        else throw result.reason;
      }
      // Where the driver compiles none of them in time, the dispatch itself will say so.
      if (names.length === 0) return;
      this.#choices.set(key, names[await fastest(gpu, bound)] as string);
    } catch (error) {
      // What is too large to be timed is left to the kernel's own order; the step may need less memory.
      if (error instanceof DeviceMemoryError) return;
      throw error;
    } finally {
      for (const dispatch of dispatches) dispatch.destroy();
      for (const storage of Object.values(bindings)) storage.destroy();
    }
    await this.onChoice(this.choices);
  }
}

/** Index of the dispatch with the shortest best time, over some interleaved rounds. */
async function fastest(gpu: Gpu, dispatches: readonly (readonly BoundStage[])[]): Promise<number> {
  const least = dispatches.map(() => Number.POSITIVE_INFINITY);
  const repeats: number[] = [];
  for (const stages of dispatches) {
    await submit(gpu, stages, 1); // a driver may compile at the first dispatch
    repeats.push(Math.max(1, Math.round(ROUND_MILLISECONDS / (await submit(gpu, stages, 1)))));
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, stages] of dispatches.entries()) {
      const count = Math.min(64, repeats[i] as number);
      least[i] = Math.min(least[i] as number, (await submit(gpu, stages, count)) / count);
    }
  }
  return least.indexOf(Math.min(...least));
}

/** Milliseconds of `times` dispatches. */
async function submit(gpu: Gpu, stages: readonly BoundStage[], times: number): Promise<number> {
  const started = performance.now();
  const encoder = gpu.device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  for (let i = 0; i < times; i++) for (const stage of stages) encodeStage(pass, stage);
  pass.end();
  gpu.device.queue.submit([encoder.finish()]);
  await gpu.finish();
  return performance.now() - started;
}
