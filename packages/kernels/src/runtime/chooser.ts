/** What chooses the variants of kernels that are fast on a device: see `Tuner`. */
import type { StorageTypes } from './dispatch.js';
import type { Kernel } from './kernel.js';

/** A dispatch whose variant is to be chosen. */
export interface VariantRequest {
  readonly kernel: Kernel;
  readonly params: object;
  readonly types?: StorageTypes;
}

/** Chosen variants by kernel and parameters, as {@link choiceKey} writes them. */
export type Choices = Readonly<Record<string, string>>;

/** What a choice is kept under: the kernel, its parameters, and what is stored as 16 bits. */
export function choiceKey(kernel: { readonly name: string }, params: object, types: StorageTypes = {}): string {
  const small = Object.keys(types).filter((name) => types[name] === 'f16');
  return `${kernel.name} ${JSON.stringify(params)}${small.length > 0 ? ` float16 ${small}` : ''}`;
}

/** @typeParam D the device that it times kernels on */
export interface Chooser<D> {
  /** The choices that were asked for, by kernel and parameters: to be kept with a run. */
  readonly used: Choices;
  choice(kernel: { readonly name: string }, params: object, types?: StorageTypes): string | undefined;
  /** Takes note that another variant runs than was chosen, as the driver does not compile that one. */
  choose(kernel: { readonly name: string }, params: object, types: StorageTypes, variant: string): Promise<void>;
  /** Chooses where it has not yet; calls `onDone` after each request. */
  tune(device: D, requests: readonly VariantRequest[], onDone?: () => void): Promise<void>;
}

/** Leaves every choice to the kernels' own order of preference. */
export const NO_CHOOSER: Chooser<unknown> = {
  used: {},
  choice: () => undefined,
  choose: async () => undefined,
  tune: async (_, requests, onDone) => {
    for (const _request of requests) onDone?.();
  },
};
