/**
 * Chooses between variants by timing them. Which of a kernel's suitable variants is the fastest depends on the device and
 * on the shape; so each is run a few times on memory of its own, and the choice is kept, for the process here and beyond
 * it by whoever gives and takes {@link Choices}. Results are touched only as far as variants round differently: no random
 * number is drawn, and a run that is given the choices of an earlier one computes the same bits.
 */
import { bindGroup } from './executor.js';
import type { Chooser, Gpu, Pipeline, VariantRequest } from './gpu.js';
import type { Kernel } from './kernel.js';
import type { Storage } from './storage.js';

/** Chosen variants by kernel and parameters, as {@link choiceKey} writes them. */
export type Choices = Readonly<Record<string, string>>;

/** What does not change how fast a kernel is: a run with another seed has the same choices. */
const WITHOUT_INFLUENCE = ['seed', 'layer'];

export const choiceKey = (
  kernel: { readonly name: string },
  params: object,
  halves: readonly string[] = [],
): string => {
  const shape = JSON.stringify(params, (name, value: unknown) =>
    WITHOUT_INFLUENCE.includes(name) ? undefined : value,
  );
  return `${kernel.name} ${shape}${halves.length > 0 ? ` float16 ${halves}` : ''}`;
};

/** Work below which no choice is worth its timing. */
const LEAST_FLOPS = 4e6;
const ROUNDS = 3;
/** Device time of one round of one variant, about. */
const ROUND_MILLISECONDS = 8;

export class Tuner implements Chooser {
  readonly #choices = new Map<string, string>();
  readonly #used = new Set<string>();
  /** Timing one kernel while another one runs would tell nothing. */
  #queue: Promise<void> = Promise.resolve();

  /**
   * @param choices what was chosen before
   * @param measure whether variants are timed where nothing was chosen
   * @param onChoice is told each new choice
   */
  constructor(
    choices: Choices = {},
    readonly measure = true,
    readonly onChoice: (choices: Choices) => void = () => undefined,
  ) {
    for (const [key, variant] of Object.entries(choices)) this.#choices.set(key, variant);
  }

  /** All that is known: to be kept for the device. */
  get choices(): Choices {
    return Object.fromEntries([...this.#choices].sort());
  }

  get used(): Choices {
    return Object.fromEntries(Object.entries(this.choices).filter(([key]) => this.#used.has(key)));
  }

  choice(kernel: { readonly name: string }, params: object, halves?: readonly string[]): string | undefined {
    const key = choiceKey(kernel, params, halves);
    this.#used.add(key);
    return this.#choices.get(key);
  }

  /**
   * Chooses for every request that has several variants to choose from and is not decided yet.
   *
   * @param onDone is called after each request
   */
  async tune(gpu: Gpu, requests: readonly VariantRequest[], onDone: () => void = () => undefined): Promise<void> {
    const work = this.#queue.then(async () => {
      for (const { kernel, params, halves } of requests) {
        if (this.measure) await this.#tuneOne(gpu, kernel, params, halves ?? []);
        onDone();
      }
    });
    this.#queue = work.catch(() => undefined);
    await work;
  }

  async #tuneOne(gpu: Gpu, kernel: Kernel, params: object, halves: readonly string[]): Promise<void> {
    const key = choiceKey(kernel, params, halves);
    if (this.#choices.has(key) || kernel.cost(params).flops < LEAST_FLOPS) return;
    const candidates = gpu.candidates(kernel, params, halves);
    if (candidates.length < 2) return;
    const pipelines = candidates.map((variant) => gpu.pipeline(kernel, params, variant, halves));
    await Promise.all(pipelines.map(({ ready }) => ready));
    const storages: Storage[] = [];
    try {
      for (const [name, { length }] of Object.entries(kernel.bindings)) {
        const half = halves.includes(name);
        storages.push(gpu.storage(`${kernel.name} ${name}`, length(params) * (half ? 2 : 4), half));
      }
      const least = pipelines.map(() => Number.POSITIVE_INFINITY);
      const times: number[] = [];
      for (const pipeline of pipelines) {
        await submit(gpu, pipeline, storages, 1); // a driver may compile at the first dispatch
        times.push(Math.max(1, Math.round(ROUND_MILLISECONDS / (await submit(gpu, pipeline, storages, 1)))));
      }
      for (let round = 0; round < ROUNDS; round++) {
        for (const [i, pipeline] of pipelines.entries()) {
          const count = Math.min(64, times[i] as number);
          least[i] = Math.min(least[i] as number, (await submit(gpu, pipeline, storages, count)) / count);
        }
      }
      this.#choices.set(key, candidates[least.indexOf(Math.min(...least))] as string);
    } finally {
      for (const { buffer } of storages) buffer?.destroy();
    }
    this.onChoice(this.choices);
  }
}

/** Milliseconds of `times` dispatches. */
async function submit(gpu: Gpu, pipeline: Pipeline, storages: readonly Storage[], times: number): Promise<number> {
  const compiled = await pipeline.ready;
  const group = bindGroup(gpu, pipeline, storages);
  const started = performance.now();
  const encoder = gpu.device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(compiled);
  pass.setBindGroup(0, group);
  for (let i = 0; i < times; i++) pass.dispatchWorkgroups(...pipeline.grid);
  pass.end();
  gpu.device.queue.submit([encoder.finish()]);
  await gpu.finish();
  return performance.now() - started;
}
