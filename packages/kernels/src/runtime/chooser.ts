/** What chooses the variants of kernels that are fast on a device: see `Tuner`. */
import type { StorageTypes } from './dispatch.js';
import type { Kernel } from './kernel.js';

/** A dispatch whose variant is to be chosen. */
export interface VariantRequest {
  readonly kernel: Kernel;
  readonly params: object;
  readonly types?: StorageTypes;
}

/** @typeParam D the device that it times kernels on */
export interface Chooser<D> {
  /** The choices that were asked for, by kernel and parameters: to be kept with a run. */
  readonly used: Readonly<Record<string, string>>;
  choice(kernel: { readonly name: string }, params: object, types?: StorageTypes): string | undefined;
  /** Chooses where it has not yet; calls `onDone` after each request. */
  tune(device: D, requests: readonly VariantRequest[], onDone?: () => void): Promise<void>;
}

/** Leaves every choice to the kernels' own order of preference. */
export const NO_CHOOSER: Chooser<unknown> = {
  used: {},
  choice: () => undefined,
  tune: async (_, requests, onDone) => {
    for (const _request of requests) onDone?.();
  },
};
