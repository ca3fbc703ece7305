/**
 * Looks for values that are not finite in what a model keeps on the device, and names the weight, moving average or
 * optimizer's buffer that holds one.
 */
import type { Gpu, NotFinite, Storage } from '@anke/kernels';
import type { Optimizer } from '../optimizers/optimizer.js';
import { FiniteCheck } from './finite.js';
import type { ModelMemory } from './memory.js';

/** What the check looks at. */
export interface CheckedState {
  readonly memory: ModelMemory;
  readonly optimizer?: Optimizer | undefined;
  /** The optimizer's buffers, by its names for them. */
  readonly buffers: Readonly<Record<string, Storage>>;
}

export class StateCheck {
  readonly #ready: Promise<FiniteCheck>;
  /** Once it is ready. */
  #check: FiniteCheck | undefined;
  #destroyed = false;
  readonly #buffers: readonly Storage[];

  constructor(
    gpu: Gpu,
    private readonly state: CheckedState,
  ) {
    const { memory, buffers } = state;
    this.#buffers = [memory.weights, memory.untrained, ...Object.values(buffers)];
    this.#ready = FiniteCheck.of(gpu, this.#buffers);
    this.#ready.then(
      (check) => {
        this.#check = check;
        if (this.#destroyed) check.destroy();
      },
      () => undefined, // seen where it is awaited
    );
  }

  /** The first weight or moving average that is not finite, in words; undefined if there is none, or no model. */
  async weights(): Promise<string | undefined> {
    return this.#first((await this.#results()).slice(0, 2));
  }

  /** The same of what an optimizer changes: the trained weights, and its own buffers. */
  async trained(): Promise<string | undefined> {
    const results = await this.#results();
    return this.#first(
      results.map((found, i) => (this.#buffers[i] === this.state.memory.untrained ? undefined : found)),
    );
  }

  /** The same of everything. */
  async all(): Promise<string | undefined> {
    return this.#first(await this.#results());
  }

  async #results(): Promise<(NotFinite | undefined)[]> {
    const check = await this.#ready;
    return this.#destroyed ? [] : check.run();
  }

  #first(results: readonly (NotFinite | undefined)[]): string | undefined {
    const which = results.findIndex((found) => found !== undefined);
    const found = results[which];
    return found && this.#inWords(this.#buffers[which] as Storage, found);
  }

  #inWords(buffer: Storage, { count, first }: NotFinite): string {
    const { memory, optimizer, buffers } = this.state;
    const isWeight = buffer === memory.weights || buffer === memory.untrained;
    const place = memory.placeOf(isWeight ? buffer : memory.weights, first);
    const own = Object.entries(buffers).find(([, storage]) => storage === buffer)?.[0];
    const of = buffer.bytes === memory.weights.bytes && place ? ` of "${place.name}"` : '';
    const what = isWeight ? `the weight "${place?.name}"` : `${optimizer?.name}'s "${own}"${of}`;
    const index = isWeight || of !== '' ? place?.index : first;
    const others = count === 1 ? '' : `, and ${count - 1} more behind it`;
    return `${what} is not finite (NaN or infinite) at index ${index}${others}`;
  }

  destroy(): void {
    this.#destroyed = true;
    this.#check?.destroy();
  }
}
