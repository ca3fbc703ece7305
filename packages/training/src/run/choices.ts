/**
 * Which variants of the kernels a run has used, `kernels.json`: with the same ones, it computes the same bits again.
 */
import type { Choices } from '@anke/kernels';
import { type Store, writeText } from '../store.js';

export const CHOICES_FILE = 'kernels.json';

export interface KernelChoices {
  /** The device's name. */
  readonly device: string;
  readonly choices: Choices;
}

export const formatChoices = (choices: KernelChoices): string => `${JSON.stringify(choices, null, 2)}\n`;

/** What a file's text holds; undefined if that is no choices. */
export function parseChoices(text: string): KernelChoices | undefined {
  try {
    const { device, choices } = JSON.parse(text) as Partial<KernelChoices>;
    const valid = typeof device === 'string' && typeof choices === 'object' && choices !== null;
    return valid && Object.values(choices).every((v) => typeof v === 'string') ? { device, choices } : undefined;
  } catch {
    return undefined;
  }
}

export const saveChoices = (store: Store, choices: KernelChoices): Promise<void> =>
  writeText(store, CHOICES_FILE, formatChoices(choices));
